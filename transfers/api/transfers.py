"""Transfers: look, retry, reverse, ask the rail."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from money import Money
from transfers.api import operations
from transfers.api.documents import transfer_document
from transfers.api.filters import TransferFilters, query_values, transfers_like
from transfers.api.requests import Nothing, Reversal, checked, refuse_query
from transfers.api.serializers import ConfirmedTransfer, TransferShown
from transfers.models import Transfer
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.shown import attempts_of, attempts_of_one

_ONE = [operations.TRANSFER_ID, operations.ETAG]


class Transfers(ApiViewSet):
    """The list of transfers."""

    required_capability: ClassVar = {"list": "transfer.read"}
    filter_backends = ()
    queryset = Transfer.objects.none()

    @extend_schema(
        operation_id="listTransfers",
        tags=["Transfers"],
        parameters=[TransferFilters],
        responses=TransferShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Transfers, newest first, with their attempts."""
        rows = self.paginate_queryset(transfers_like(query_values(request, TransferFilters))) or []
        attempts = attempts_of(rows)
        return self.get_paginated_response(
            [transfer_document(row, attempts.get(row.pk, ())) for row in rows]
        )


def _answer(transfer: Transfer, status: int = 200) -> Response:
    document = transfer_document(transfer, attempts_of_one(transfer.pk))
    return Response(document, status=status, headers={"ETag": etag(transfer.version)})


class TransferDetail(ApiView):
    """One transfer."""

    required_capability = "transfer.read"

    @extend_schema(
        operation_id="getTransfer", tags=["Transfers"], parameters=_ONE, responses=TransferShown
    )
    def get(self, request: Request, transfer_id: int) -> Response:
        """A transfer with its attempts and what is known of each."""
        refuse_query(request)
        return _answer(get_transfer(transfer_id))


class RetryTransfer(ApiView):
    """Another attempt."""

    required_capability = "transfer.retry"

    @extend_schema(
        operation_id="retryTransfer",
        tags=["Transfers"],
        parameters=[*_ONE, operations.IF_MATCH],
        request=Nothing,
        responses={
            202: TransferShown,
            **operations.refusals(
                _409="outcome_unknown obligation_live conflict",
                _422="illegal_transition validation_error",
                _503="unavailable rail_paused",
            ),
        },
    )
    def post(self, request: Request, transfer_id: int) -> Response:
        """Try again after a proven failure, with the payee's present account; never while an outcome is unknown."""
        checked(Nothing, request)
        transfer = retry_transfer(
            transfer_id=transfer_id, actor=self.actor, version=version_from_if_match(request)
        )
        return _answer(transfer, 202)


class ReverseTransfer(ApiView):
    """Take it back."""

    required_capability = "transfer.reverse"

    @extend_schema(
        operation_id="reverseTransfer",
        tags=["Transfers"],
        parameters=[*_ONE, operations.IF_MATCH],
        request=Reversal,
        responses={
            202: TransferShown,
            **operations.refusals(
                _409="conflict",
                _422="illegal_transition validation_error",
                _503="unavailable rail_paused",
            ),
        },
    )
    def post(self, request: Request, transfer_id: int) -> Response:
        """Ask for all or a part of a paid transfer back; workers carry it out."""
        values = checked(Reversal, request)
        amount = None
        if "amount" in values:
            currency = values.get("currency") or get_transfer(transfer_id).currency
            amount = Money.parse(values["amount"], currency)
        transfer = reverse_transfer(
            transfer_id=transfer_id,
            amount=amount,
            reason=values["reason"],
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return _answer(transfer, 202)


class ConfirmTransfer(ApiView):
    """Ask the rail now."""

    required_capability = "transfer.confirm"
    idempotency_atomic = False  # it calls the rail

    @extend_schema(
        operation_id="confirmTransfer",
        tags=["Transfers"],
        parameters=[*_ONE, operations.IF_MATCH],
        request=Nothing,
        responses={
            200: ConfirmedTransfer,
            **operations.refusals(_409="conflict", _503="unavailable rail_paused"),
        },
    )
    def post(self, request: Request, transfer_id: int) -> Response:
        """Re-read the rail's books and apply what they say. Finding nothing there changes nothing."""
        checked(Nothing, request)
        transfer, result = confirm_transfer(
            transfer_id=transfer_id,
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        document = transfer_document(transfer, transfer.attempts.all()) | {"result": result}
        return Response(document, headers={"ETag": etag(transfer.version)})
