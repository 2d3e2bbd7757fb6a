"""The addresses of bookings, transfers and findings, below /api/v1/. None ends in a slash."""

from django.urls import path, register_converter

from transfers.api.bookings import (
    BookingDetail,
    BookingPreview,
    Bookings,
    BookingTransfersView,
    CancelBooking,
    CompleteBooking,
)
from transfers.api.findings import FindingDetail, Findings, ResolveFinding
from transfers.api.transfers import (
    ConfirmTransfer,
    RetryTransfer,
    ReverseTransfer,
    TransferDetail,
    Transfers,
)


class RowId:
    """A row's number. Eighteen digits always fit into a bigint; a longer number names nothing."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class BookingReference:
    """As `requests.Reference` lets them in: PostgreSQL could not even be asked for others."""

    regex = r"[^/\x00-\x1f\x7f]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RowId, "row")
register_converter(BookingReference, "reference")

urlpatterns = [
    path("bookings", Bookings.as_view({"get": "list", "post": "create"}), name="bookings"),
    path("bookings/<reference:reference>", BookingDetail.as_view(), name="booking"),
    path(
        "bookings/<reference:reference>/complete",
        CompleteBooking.as_view(),
        name="booking-complete",
    ),
    path("bookings/<reference:reference>/cancel", CancelBooking.as_view(), name="booking-cancel"),
    path(
        "bookings/<reference:reference>/transfers",
        BookingTransfersView.as_view(),
        name="booking-transfers",
    ),
    path(
        "bookings/<reference:reference>/transfers/preview",
        BookingPreview.as_view(),
        name="booking-preview",
    ),
    path("transfers", Transfers.as_view({"get": "list"}), name="transfers"),
    path("transfers/<row:transfer_id>", TransferDetail.as_view(), name="transfer"),
    path("transfers/<row:transfer_id>/retry", RetryTransfer.as_view(), name="transfer-retry"),
    path("transfers/<row:transfer_id>/reverse", ReverseTransfer.as_view(), name="transfer-reverse"),
    path("transfers/<row:transfer_id>/confirm", ConfirmTransfer.as_view(), name="transfer-confirm"),
    path("findings", Findings.as_view({"get": "list"}), name="findings"),
    path("findings/<row:finding_id>", FindingDetail.as_view(), name="finding"),
    path("findings/<row:finding_id>/resolve", ResolveFinding.as_view(), name="finding-resolve"),
]
