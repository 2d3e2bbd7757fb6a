"""Checkout sessions: ask for a payment, look, name a transaction."""

from typing import ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from checkout.api.documents import notified_document, session_document
from checkout.api.requests import NewSession, PaymentNotice, SessionFilters
from checkout.api.serializers import NotifiedShown, SessionShown
from checkout.models import CheckoutSession
from checkout.selectors import receipts_of, sessions_like, sessions_shown
from checkout.services.create_session import create_session
from checkout.services.notify_payment import notify_payment
from guard.errors import NotFound
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import checked, refuse_query

SESSION_ID = OpenApiParameter(
    "session_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH
)
_TAGS = ["Checkout"]
_ASK_AGAIN_SECONDS = 5


def shown(session_id: int) -> CheckoutSession:
    """The session as it is answered. Raises NotFound."""
    session = sessions_shown().filter(pk=session_id).first()
    if session is None:
        raise NotFound(f"There is no checkout session {session_id}.")
    return session


class Sessions(ApiViewSet):
    """The list, and new sessions."""

    required_capability: ClassVar = {"list": "checkout.read", "create": "checkout.create"}
    filter_backends = ()
    queryset = CheckoutSession.objects.none()

    @extend_schema(
        operation_id="listCheckoutSessions",
        tags=_TAGS,
        parameters=[SessionFilters],
        responses=SessionShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Sessions, newest first."""
        rows = self.paginate_queryset(sessions_like(query_values(request, SessionFilters)))
        return self.get_paginated_response([session_document(one) for one in rows or ()])

    @extend_schema(
        operation_id="createCheckoutSession",
        tags=_TAGS,
        parameters=[operations.ETAG],
        request=NewSession,
        responses={201: SessionShown, **operations.refusals(_503="rail_paused")},
    )
    def create(self, request: Request) -> Response:
        """Ask for a payment to an address of its own."""
        session = create_session(actor=self.actor, **checked(NewSession, request))
        headers = {
            "ETag": etag(session.version),
            "Location": reverse("checkout-session", kwargs={"session_id": session.pk}),
        }
        return Response(session_document(shown(session.pk)), status=201, headers=headers)


class SessionDetail(ApiView):
    """One session."""

    required_capability = "checkout.read"

    @extend_schema(
        operation_id="getCheckoutSession",
        tags=_TAGS,
        parameters=[SESSION_ID, operations.ETAG],
        responses=SessionShown,
    )
    def get(self, request: Request, session_id: int) -> Response:
        """A session with its payments."""
        refuse_query(request)
        session = shown(session_id)
        return Response(session_document(session), headers={"ETag": etag(session.version)})


class SessionPayments(ApiView):
    """A payment that somebody made."""

    required_capability = "checkout.create"
    # It calls Horizon: no transaction may be open meanwhile. Repeating it changes nothing.
    idempotency_atomic = False

    @extend_schema(
        operation_id="notifyPayment",
        tags=_TAGS,
        parameters=[SESSION_ID, operations.ETAG, operations.IF_MATCH],
        request=PaymentNotice,
        responses={
            200: NotifiedShown,
            202: NotifiedShown,
            **operations.refusals(_409="conflict", _503=""),
        },
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Look a transaction up on the ledger now. 202 `pending`: no ledger holds it yet, so ask again."""
        values = checked(PaymentNotice, request)
        notified = notify_payment(
            session_id=session_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
            **values,
        )
        session = shown(session_id)
        rows = [one for one in receipts_of(session) if one.tx_hash == values["tx_hash"].lower()]
        headers = {"ETag": etag(session.version)}
        is_pending = notified.result == "pending"
        if is_pending:
            headers["Retry-After"] = str(_ASK_AGAIN_SECONDS)
        document = notified_document(session, notified.result, notified.reason, rows)
        return Response(document, status=202 if is_pending else 200, headers=headers)
