"""Disputes: somebody who paid says that the money is theirs."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView
from checkout.api.documents import dispute_document
from checkout.api.refunds import belief
from checkout.api.requests import DisputeOutcome, NewDispute
from checkout.api.serializers import DisputeShown
from checkout.api.sessions import SESSION_ID
from checkout.models import Dispute
from checkout.selectors import get_dispute
from checkout.services.open_dispute import open_dispute
from checkout.services.resolve_dispute import resolve_dispute
from transfers.api import operations
from transfers.api.requests import checked, refuse_query

_ID = OpenApiParameter("dispute_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH)
_TAGS = ["Refunds and disputes"]


def _answer(dispute: Dispute, status: int = 200) -> Response:
    return Response(
        dispute_document(dispute), status=status, headers={"ETag": etag(dispute.version)}
    )


class SessionDisputes(ApiView):
    """A dispute about a session."""

    required_capability = "dispute.open"

    @extend_schema(
        operation_id="openDispute",
        tags=_TAGS,
        parameters=[SESSION_ID, operations.ETAG, operations.IF_MATCH],
        request=NewDispute,
        responses={
            201: DisputeShown,
            **operations.refusals(_409="conflict", _422="refund_exceeds_payment"),
        },
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Hold what is disputed: no refund pays the same money meanwhile."""
        values = checked(NewDispute, request)
        dispute = open_dispute(
            session_id=session_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
            **values,
        )
        return _answer(dispute, 201)


class DisputeDetail(ApiView):
    """One dispute."""

    required_capability = "checkout.read"

    @extend_schema(
        operation_id="getDispute",
        tags=_TAGS,
        parameters=[_ID, operations.ETAG],
        responses=DisputeShown,
    )
    def get(self, request: Request, dispute_id: int) -> Response:
        """A dispute."""
        refuse_query(request)
        return _answer(get_dispute(dispute_id))


class ResolveDispute(ApiView):
    """How it ended."""

    required_capability = "dispute.resolve"

    @extend_schema(
        operation_id="resolveDispute",
        tags=_TAGS,
        parameters=[_ID, operations.ETAG, operations.IF_MATCH],
        request=DisputeOutcome,
        responses={
            200: DisputeShown,
            **operations.refusals(
                _409="already_decided", _422="illegal_transition validation_error"
            ),
        },
    )
    def post(self, request: Request, dispute_id: int) -> Response:
        """Won: the money is free again. Lost: what was held becomes a refund that another person approves."""
        values = belief(request, DisputeOutcome)
        return _answer(resolve_dispute(dispute_id=dispute_id, actor=self.actor, **values))
