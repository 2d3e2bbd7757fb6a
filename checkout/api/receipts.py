"""Receipts: every incoming operation, what it paid, and what a person makes of the rest."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from checkout.api.documents import receipt_document
from checkout.api.refunds import refund_answer
from checkout.api.requests import ApplyReceipt, ReceiptFilters, ReceiptRefund
from checkout.api.serializers import ReceiptShown, RefundShown
from checkout.models import Receipt
from checkout.selectors import get_receipt, receipts_like
from checkout.services.apply_receipt import apply_receipt
from checkout.services.create_refund import refund_receipt
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import checked, refuse_query

_ID = OpenApiParameter("receipt_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH)
_ONE = [_ID, operations.ETAG]
_TAGS = ["Checkout"]


class Receipts(ApiViewSet):
    """The list."""

    required_capability: ClassVar = {"list": "checkout.read"}
    filter_backends = ()
    queryset = Receipt.objects.none()

    @extend_schema(
        operation_id="listReceipts",
        tags=_TAGS,
        parameters=[ReceiptFilters],
        responses=ReceiptShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Every incoming operation, newest first, also the ones that paid nothing."""
        rows = self.paginate_queryset(receipts_like(query_values(request, ReceiptFilters)))
        return self.get_paginated_response([receipt_document(one) for one in rows or ()])


class ReceiptDetail(ApiView):
    """One receipt."""

    required_capability = "checkout.read"

    @extend_schema(operation_id="getReceipt", tags=_TAGS, parameters=_ONE, responses=ReceiptShown)
    def get(self, request: Request, receipt_id: int) -> Response:
        """An incoming operation."""
        refuse_query(request)
        receipt = get_receipt(receipt_id)
        return Response(receipt_document(receipt), headers={"ETag": etag(receipt.version)})


class ReceiptApply(ApiView):
    """Say what it pays."""

    required_capability = "receipt.apply"
    # The service's transaction is serializable, which cannot start inside another one.
    idempotency_atomic = False

    @extend_schema(
        operation_id="applyReceipt",
        tags=_TAGS,
        parameters=[*_ONE, operations.IF_MATCH],
        request=ApplyReceipt,
        responses={200: ReceiptShown, **operations.refusals(_409="conflict")},
    )
    def post(self, request: Request, receipt_id: int) -> Response:
        """Let an unmatched or surplus receipt pay an open session, by hand."""
        values = checked(ApplyReceipt, request)
        receipt = apply_receipt(
            receipt_id=receipt_id,
            session_id=values["session"],
            reason=values["reason"],
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return Response(receipt_document(receipt), headers={"ETag": etag(receipt.version)})


class ReceiptRefunds(ApiView):
    """Give it back."""

    required_capability = "refund.create"
    idempotency_required = True

    @extend_schema(
        operation_id="refundReceipt",
        tags=_TAGS,
        parameters=[*_ONE, operations.IF_MATCH],
        request=ReceiptRefund,
        responses={
            201: RefundShown,
            **operations.refusals(_409="conflict", _422="refund_exceeds_payment"),
        },
    )
    def post(self, request: Request, receipt_id: int) -> Response:
        """Ask for one receipt to go back to its sender, also one that names no session."""
        values = checked(ReceiptRefund, request)
        refund = refund_receipt(
            receipt_id=receipt_id,
            amount=values.get("amount"),
            reason=values["reason"],
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return refund_answer(refund, 201)
