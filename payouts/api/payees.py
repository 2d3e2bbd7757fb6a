"""Payees: who they are, and what is known of them."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access.regions import seen_regions
from api.etags import etag, version_from_if_match
from api.views import ApiView
from guard.errors import Invalid
from payouts.api.documents import payee_document
from payouts.api.requests import ExternalId, KycDecision, PayeeValues
from payouts.api.serializers import PayeeShown
from payouts.models import Payee
from payouts.selectors import get_payee
from payouts.services.put_payee import put_payee
from payouts.services.set_kyc import set_kyc
from transfers.api import operations
from transfers.api.requests import checked, refuse_query

_ID = OpenApiParameter(
    "external_id",
    {"type": "string", "maxLength": 64},
    OpenApiParameter.PATH,
    description="Your id of the payee.",
)
_ONE = [_ID, operations.ETAG]
_TAGS = ["Payees"]


def _answer(payee: Payee, status: int = 200) -> Response:
    recipients = payee.recipients.defer("encrypted").order_by("-version")
    document = payee_document(payee, recipients)
    return Response(document, status=status, headers={"ETag": etag(payee.version)})


class PayeeDetail(ApiView):
    """One payee."""

    required_capability: ClassVar = {"GET": "payout.read", "PUT": "payee.manage"}

    @extend_schema(operation_id="getPayee", tags=_TAGS, parameters=_ONE, responses=PayeeShown)
    def get(self, request: Request, external_id: str) -> Response:
        """A payee with their masked bank details, newest first."""
        refuse_query(request)
        return _answer(get_payee(external_id))

    @extend_schema(
        operation_id="putPayee",
        tags=_TAGS,
        parameters=[*_ONE, operations.IF_MATCH],
        request=PayeeValues,
        responses={
            200: PayeeShown,
            201: PayeeShown,
            **operations.refusals(_409="conflict"),
        },
    )
    def put(self, request: Request, external_id: str) -> Response:
        """Create a payee or replace what is written of one. KYC stays as it is."""
        if ExternalId().run_validation(external_id) != external_id:
            raise Invalid("An id has no blanks around it.", field="external_id")
        values = checked(PayeeValues, request)
        payee, created = put_payee(
            external_id=external_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
            regions=seen_regions(request),
            **values,
        )
        return _answer(payee, 201 if created else 200)


class PayeeKyc(ApiView):
    """A KYC decision."""

    required_capability = "kyc.set"

    @extend_schema(
        operation_id="setKyc",
        tags=_TAGS,
        parameters=[*_ONE, operations.IF_MATCH],
        request=KycDecision,
        responses={
            200: PayeeShown,
            **operations.refusals(_409="conflict", _422="illegal_transition validation_error"),
        },
    )
    def post(self, request: Request, external_id: str) -> Response:
        """Say what a check of this payee came to. Approvals that were given before are void unless it is approved."""
        values = checked(KycDecision, request)
        payee = set_kyc(
            external_id=external_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
            **values,
        )
        return _answer(payee)
