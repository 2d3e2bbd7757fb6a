"""Affiliates' commissions: translate in, one service call, translate out."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access.regions import seen_regions
from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from payouts.api.commission_shapes import (
    CommissionDecision,
    CommissionFilters,
    CommissionPayout,
    CommissionReversal,
    CommissionShown,
    NewCommission,
    commission_document,
)
from payouts.api.payouts import payout_answer
from payouts.api.serializers import PayoutShown
from payouts.commissions import Verb, commissions_like, get_commission
from payouts.models import Commission
from payouts.services.accrue_commission import accrue_commission
from payouts.services.approve_commission import approve_commission
from payouts.services.claw_back_commission import claw_back_commission
from payouts.services.create_payout import NewPayee
from payouts.services.include_commissions import include_commissions_in_payout
from payouts.services.void_commission import void_commission
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import StrictSerializer, checked, refuse_query

_ID = OpenApiParameter(
    "commission_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH
)
_ONE = [_ID, operations.ETAG]
_TAGS = ["Commissions"]
_Method = TypeVar("_Method", bound=Callable[..., Response])


def _answer(commission: Commission, status: int = 200) -> Response:
    headers = {"ETag": etag(commission.version)}
    if status == 201:
        headers["Location"] = reverse("commission", kwargs={"commission_id": commission.pk})
    return Response(commission_document(commission), status=status, headers=headers)


class Commissions(ApiViewSet):
    """The list, and new ones."""

    required_capability: ClassVar = {"list": "commission.read", "create": "commission.create"}
    filter_backends = ()
    ordering_fields = ("created_at",)
    queryset = Commission.objects.none()

    @extend_schema(
        operation_id="listCommissions",
        tags=_TAGS,
        parameters=[CommissionFilters],
        responses=CommissionShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Commissions, newest first."""
        rows = self.paginate_queryset(commissions_like(query_values(request, CommissionFilters)))
        return self.get_paginated_response([commission_document(row) for row in rows or ()])

    @extend_schema(
        operation_id="createCommission",
        tags=_TAGS,
        parameters=[operations.ETAG],
        request=NewCommission,
        responses={
            201: CommissionShown,
            **operations.refusals(_409="commission_exists", _422="validation_error"),
        },
    )
    def create(self, request: Request) -> Response:
        """Write down what somebody earned. It is owed once it is approved."""
        values = checked(NewCommission, request)
        commission = accrue_commission(
            reference=values["reference"],
            payee=NewPayee(**values["payee"]),
            amount=values["amount"],
            earned_for=values.get("earned_for", ""),
            actor=self.actor,
            regions=seen_regions(request),
        )
        return _answer(commission, 201)


class CommissionDetail(ApiView):
    """One commission."""

    required_capability = "commission.read"

    @extend_schema(
        operation_id="getCommission", tags=_TAGS, parameters=_ONE, responses=CommissionShown
    )
    def get(self, request: Request, commission_id: int) -> Response:
        """A commission, the payout request that pays it, and what is owed back."""
        refuse_query(request)
        return _answer(get_commission(commission_id))


class _Decide(ApiView):
    """One verb about one commission."""

    required_capability = "commission.review"
    verb: ClassVar[Verb]
    body: ClassVar[type[StrictSerializer]] = CommissionDecision

    def decide(self, request: Request, commission_id: int) -> Response:
        """A version in the body counts before If-Match."""
        values: dict[str, Any] = checked(self.body, request)
        values.setdefault("expected_version", version_from_if_match(request))
        return _answer(self.verb(commission_id=commission_id, actor=self.actor, **values))


def _decision(operation_id: str, body: type[StrictSerializer]) -> Callable[[_Method], _Method]:
    """How the schema describes such a verb; its docstring says what it does."""
    described: Callable[[_Method], _Method] = extend_schema(
        operation_id=operation_id,
        tags=_TAGS,
        parameters=[*_ONE, operations.IF_MATCH],
        request=body,
        responses={
            200: CommissionShown,
            **operations.refusals(_409="conflict", _422="illegal_transition validation_error"),
        },
    )
    return described


class ApproveCommission(_Decide):
    """It is owed."""

    verb = staticmethod(approve_commission)

    @_decision("approveCommission", CommissionDecision)
    def post(self, request: Request, commission_id: int) -> Response:
        """Approve an accrued commission: a payout request may include it."""
        return self.decide(request, commission_id)


class VoidCommission(_Decide):
    """It is not owed."""

    verb = staticmethod(void_commission)
    body = CommissionReversal

    @_decision("voidCommission", CommissionReversal)
    def post(self, request: Request, commission_id: int) -> Response:
        """Void a commission that no payout request holds, for good."""
        return self.decide(request, commission_id)


class ClawBackCommission(_Decide):
    """It is owed back."""

    verb = staticmethod(claw_back_commission)
    body = CommissionReversal

    @_decision("clawBackCommission", CommissionReversal)
    def post(self, request: Request, commission_id: int) -> Response:
        """Write down, once, that a paid commission is owed back. It takes no money by itself."""
        return self.decide(request, commission_id)


class CommissionPayouts(ApiView):
    """Asking to be paid."""

    required_capability = "payout.create"
    idempotency_required = True

    @extend_schema(
        operation_id="createCommissionPayout",
        tags=_TAGS,
        parameters=[operations.ETAG],
        request=CommissionPayout,
        responses={
            201: PayoutShown,
            **operations.refusals(_409="conflict obligation_live", _422="validation_error"),
        },
    )
    def post(self, request: Request) -> Response:
        """One payout request over the sum of these commissions, all of them or none; it is reviewed like any other."""
        values = checked(CommissionPayout, request)
        payout = include_commissions_in_payout(
            commission_ids=values["commissions"],
            rail=values["rail"],
            recipient=values["recipient"],
            actor=self.actor,
            regions=seen_regions(request),
        )
        return payout_answer(payout, 201)
