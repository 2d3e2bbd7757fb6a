"""Payout requests: ask, look, decide. Translate in, one service call, translate out."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access.regions import seen_regions
from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from audit.actor import Actor
from payouts.api.documents import event_document, payout_document
from payouts.api.requests import Decision, NewPayout, NewStatus, PayoutFilters, Reissue
from payouts.api.serializers import PayoutShown, TimelineShown
from payouts.models import PayoutRequest
from payouts.selectors import get_payout, payouts_like, transfers_of
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.reissue_payout import reissue_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.retry_payout import retry_payout
from payouts.services.set_payout_status import set_payout_status
from payouts.timeline import timeline
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import checked, refuse_query
from transfers.shown import attempts_of

_ID = OpenApiParameter("payout_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH)
_ONE = [_ID, operations.ETAG]
DECIDE = [*_ONE, operations.IF_MATCH]
TAGS = ["Payouts"]
_NO_STEP = "illegal_transition validation_error"
F = TypeVar("F", bound=Callable[..., Any])


def _documents(payouts: list[PayoutRequest]) -> list[dict[str, Any]]:
    transfers = transfers_of(payouts)
    attempts = attempts_of(list(transfers.values()))
    return [
        payout_document(
            payout,
            transfer := transfers.get(payout.pk),
            attempts.get(transfer.pk, ()) if transfer else (),
        )
        for payout in payouts
    ]


def payout_answer(payout: PayoutRequest, status: int = 200) -> Response:
    """A request as every endpoint answers with it."""
    headers = {"ETag": etag(payout.version)}
    if status == 201:
        headers["Location"] = reverse("payout", kwargs={"payout_id": payout.pk})
    return Response(_documents([payout])[0], status=status, headers=headers)


def _belief(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    """What the caller believes, as the verbs take it; a version in the body counts before If-Match."""
    if "expected_version" not in values:
        values["expected_version"] = version_from_if_match(request)
    return values


class Payouts(ApiViewSet):
    """The list, and new requests."""

    required_capability: ClassVar = {"list": "payout.read", "create": "payout.create"}
    idempotency_required = True
    filter_backends = ()
    ordering_fields = ("amount_minor", "created_at")
    queryset = PayoutRequest.objects.none()

    @extend_schema(
        operation_id="listPayouts",
        tags=TAGS,
        parameters=[PayoutFilters],
        responses=PayoutShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Payout requests, newest first."""
        rows = self.paginate_queryset(payouts_like(query_values(request, PayoutFilters)))
        return self.get_paginated_response(_documents(list(rows or ())))

    @extend_schema(
        operation_id="createPayout",
        tags=TAGS,
        parameters=[operations.ETAG],
        request=NewPayout,
        responses={201: PayoutShown, **operations.refusals(_409="conflict")},
    )
    def create(self, request: Request) -> Response:
        """Ask for a payout. Nothing moves before a reviewer approves it."""
        values = checked(NewPayout, request)
        payout = create_payout(
            payee=NewPayee(**values["payee"]),
            amount=values["amount"],
            rail=values["rail"],
            recipient=values["recipient"],
            actor=self.actor,
            regions=seen_regions(request),
        )
        return payout_answer(payout, 201)


class PayoutDetail(ApiView):
    """One request."""

    required_capability = "payout.read"

    @extend_schema(operation_id="getPayout", tags=TAGS, parameters=_ONE, responses=PayoutShown)
    def get(self, request: Request, payout_id: int) -> Response:
        """A payout request with its quote, its review and its transfer."""
        refuse_query(request)
        return payout_answer(get_payout(payout_id))


class Verb(Protocol):
    """A service that decides about one payout request."""

    def __call__(
        self,
        *,
        payout_id: int,
        actor: Actor,
        reason: str = "",
        expected_status: str | None = None,
        expected_version: int | None = None,
    ) -> PayoutRequest:
        """The request afterwards."""
        ...


class _Decide(ApiView):
    """One verb about one request."""

    required_capability = "payout.review"
    verb: ClassVar[Verb]

    def decide(self, request: Request, payout_id: int) -> Response:
        """Translate in, the verb, translate out."""
        values = _belief(request, checked(Decision, request))
        return payout_answer(self.verb(payout_id=payout_id, actor=self.actor, **values))


def _describe(operation_id: str, **refusals: str) -> Callable[[F], F]:
    """The schema of a decision."""
    return extend_schema(
        operation_id=operation_id,
        tags=TAGS,
        parameters=DECIDE,
        request=Decision,
        responses={200: PayoutShown, **operations.refusals(**refusals)},
    )


class ApprovePayout(_Decide):
    """Say yes."""

    verb = staticmethod(approve_payout)

    @_describe(
        "approvePayout",
        _403="permission_denied self_approval approval_limit_exceeded",
        _409="already_decided obligation_live",
        _422="illegal_transition kyc_incomplete validation_error",
    )
    def post(self, request: Request, payout_id: int) -> Response:
        """Approve a requested payout; its transfer is committed with the decision."""
        return self.decide(request, payout_id)


class RejectPayout(_Decide):
    """Say no."""

    verb = staticmethod(reject_payout)

    @_describe("rejectPayout", _409="already_decided", _422=_NO_STEP)
    def post(self, request: Request, payout_id: int) -> Response:
        """Reject a requested payout, for good."""
        return self.decide(request, payout_id)


class CancelPayout(_Decide):
    """Stop it."""

    verb = staticmethod(cancel_payout)

    @_describe("cancelPayout", _409="conflict obligation_live", _422=_NO_STEP)
    def post(self, request: Request, payout_id: int) -> Response:
        """Cancel an approved payout before a worker has its transfer."""
        return self.decide(request, payout_id)


class RetryPayout(_Decide):
    """Back into the queue."""

    verb = staticmethod(retry_payout)

    @_describe("retryPayout", _409="conflict obligation_live", _422=_NO_STEP)
    def post(self, request: Request, payout_id: int) -> Response:
        """A failed or cancelled payout is requested again, for a new decision."""
        return self.decide(request, payout_id)


class PayoutStatusDoor(ApiView):
    """Any status by name."""

    required_capability = "payout.review"

    @extend_schema(
        operation_id="setPayoutStatus",
        tags=TAGS,
        parameters=DECIDE,
        request=NewStatus,
        responses={
            200: PayoutShown,
            **operations.refusals(
                _403="permission_denied self_approval approval_limit_exceeded",
                _409="already_decided conflict obligation_live",
                _422="illegal_transition kyc_incomplete validation_error",
            ),
        },
    )
    def put(self, request: Request, payout_id: int) -> Response:
        """Move to a status under the same guards as the verb for it. `paid` and `failed` need the rail's proof."""
        values = _belief(request, checked(NewStatus, request))
        return payout_answer(set_payout_status(payout_id=payout_id, actor=self.actor, **values))


class ReissuePayout(ApiView):
    """Pay after all."""

    required_capability = "payout.create"

    @extend_schema(
        operation_id="reissuePayout",
        tags=TAGS,
        parameters=DECIDE,
        request=Reissue,
        responses={201: PayoutShown, **operations.refusals(_409="obligation_live conflict")},
    )
    def post(self, request: Request, payout_id: int) -> Response:
        """Ask again in place of a payout that is proven dead, once; the successor needs its own approval."""
        values = checked(Reissue, request)
        payout = reissue_payout(
            payout_id=payout_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
            **values,
        )
        return payout_answer(payout, 201)


class PayoutTimeline(ApiView):
    """What happened."""

    required_capability = "payout.read"

    @extend_schema(
        operation_id="getPayoutTimeline",
        tags=TAGS,
        parameters=[_ID],
        responses=TimelineShown,
    )
    def get(self, request: Request, payout_id: int) -> Response:
        """Audit entries, attempts, the rail's messages and names, oldest first."""
        refuse_query(request)
        payout = get_payout(payout_id)
        results = [event_document(event) for event in timeline(payout)]
        return Response({"payout": payout.pk, "results": results})
