"""Refunds: ask, look, decide."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from checkout.api.documents import refund_document
from checkout.api.requests import NewRefund, RefundDecision, RefundFilters
from checkout.api.serializers import RefundShown
from checkout.api.sessions import SESSION_ID
from checkout.models import Refund
from checkout.selectors import get_refund, refunds_like, transfers_of
from checkout.services.approve_refund import approve_refund
from checkout.services.create_refund import create_refund
from checkout.services.reject_refund import reject_refund
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import StrictSerializer, checked, refuse_query

_ID = OpenApiParameter("refund_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH)
_ONE = [_ID, operations.ETAG]
_DECIDE = [*_ONE, operations.IF_MATCH]
_TAGS = ["Refunds and disputes"]


def refund_answer(refund: Refund, status: int = 200) -> Response:
    """A refund with its transfer."""
    headers = {"ETag": etag(refund.version)}
    if status == 201:
        headers["Location"] = reverse("refund", kwargs={"refund_id": refund.pk})
    document = refund_document(refund, transfers_of([refund]).get(refund.pk))
    return Response(document, status=status, headers=headers)


def belief(request: Request, body: type[StrictSerializer]) -> dict[str, Any]:
    """The body's values; a version in it counts before If-Match."""
    values = checked(body, request)
    if "expected_version" not in values:
        values["expected_version"] = version_from_if_match(request)
    return values


class SessionRefunds(ApiView):
    """Give money of a session back."""

    required_capability = "refund.create"
    idempotency_required = True

    @extend_schema(
        operation_id="createRefund",
        tags=_TAGS,
        parameters=[SESSION_ID, operations.ETAG, operations.IF_MATCH],
        request=NewRefund,
        responses={
            201: RefundShown,
            **operations.refusals(_409="conflict", _422="refund_exceeds_payment"),
        },
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Ask for money to go back to who sent it. It is held at once and leaves after another person's approval."""
        values = checked(NewRefund, request)
        refund = create_refund(
            session_id=session_id,
            amount=values["amount"],
            reason=values["reason"],
            receipt_id=values.get("receipt"),
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return refund_answer(refund, 201)


class Refunds(ApiViewSet):
    """The list."""

    required_capability: ClassVar = {"list": "checkout.read"}
    filter_backends = ()
    queryset = Refund.objects.none()

    @extend_schema(
        operation_id="listRefunds",
        tags=_TAGS,
        parameters=[RefundFilters],
        responses=RefundShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Refunds, newest first."""
        rows = self.paginate_queryset(refunds_like(query_values(request, RefundFilters))) or ()
        carried = transfers_of(rows)
        return self.get_paginated_response(
            [refund_document(one, carried.get(one.pk)) for one in rows]
        )


class RefundDetail(ApiView):
    """One refund."""

    required_capability = "checkout.read"

    @extend_schema(operation_id="getRefund", tags=_TAGS, parameters=_ONE, responses=RefundShown)
    def get(self, request: Request, refund_id: int) -> Response:
        """A refund with its transfer."""
        refuse_query(request)
        return refund_answer(get_refund(refund_id))


class ApproveRefund(ApiView):
    """Say yes."""

    required_capability = "refund.review"

    @extend_schema(
        operation_id="approveRefund",
        tags=_TAGS,
        parameters=_DECIDE,
        request=RefundDecision,
        responses={
            200: RefundShown,
            **operations.refusals(
                _403="permission_denied self_approval",
                _409="already_decided",
                _422="illegal_transition validation_error",
            ),
        },
    )
    def post(self, request: Request, refund_id: int) -> Response:
        """Approve a requested refund that somebody else asked for; its transfer is committed with the decision."""
        values = belief(request, RefundDecision)
        return refund_answer(approve_refund(refund_id=refund_id, actor=self.actor, **values))


class RejectRefund(ApiView):
    """Say no."""

    required_capability = "refund.review"

    @extend_schema(
        operation_id="rejectRefund",
        tags=_TAGS,
        parameters=_DECIDE,
        request=RefundDecision,
        responses={
            200: RefundShown,
            **operations.refusals(
                _409="already_decided conflict", _422="illegal_transition validation_error"
            ),
        },
    )
    def post(self, request: Request, refund_id: int) -> Response:
        """Reject a requested refund, for good; what it held is free again."""
        values = belief(request, RefundDecision)
        return refund_answer(reject_refund(refund_id=refund_id, actor=self.actor, **values))
