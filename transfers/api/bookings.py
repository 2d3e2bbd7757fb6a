"""Bookings, and paying their crews: translate in, one service call, translate out."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from transfers.api import operations
from transfers.api.documents import (
    Document,
    booking_document,
    booking_row,
    booking_transfers_document,
    bulk_document,
    preview_document,
)
from transfers.api.filters import (
    BookingFilters,
    PeopleQuery,
    bookings_like,
    people_named,
    query_values,
)
from transfers.api.requests import (
    BookingCancellation,
    BookingClosed,
    BulkTransfers,
    NewBooking,
    checked,
    refuse_query,
)
from transfers.api.serializers import (
    BookingRow,
    BookingShown,
    BookingTransfers,
    BulkTransfersAccepted,
    Preview,
)
from transfers.models import Booking
from transfers.selectors import CrewRow, crew_preview, crew_rows, get_booking
from transfers.services.cancel_booking import cancel_booking
from transfers.services.complete_booking import complete_booking
from transfers.services.create_booking import NewCrewMember, create_booking
from transfers.services.pay_crew import NotOnBooking, pay_crew
from transfers.shown import Attempts, attempts_of


class Bookings(ApiViewSet):
    """The list of bookings, and new ones."""

    required_capability: ClassVar = {"list": "booking.read", "create": "booking.create"}
    filter_backends = ()
    queryset = Booking.objects.none()
    ordering_fields = ("created_at",)

    @extend_schema(
        operation_id="listBookings",
        tags=["Bookings"],
        parameters=[BookingFilters],
        responses=BookingRow(many=True),
    )
    def list(self, request: Request) -> Response:
        """Bookings, newest first, without their crews."""
        rows = self.paginate_queryset(bookings_like(query_values(request, BookingFilters)))
        return self.get_paginated_response([booking_row(row) for row in rows or ()])

    @extend_schema(
        operation_id="createBooking",
        tags=["Bookings"],
        request=NewBooking,
        responses={
            201: BookingShown,
            **operations.refusals(_409="booking_exists", _422="validation_error"),
        },
        parameters=[operations.ETAG],
    )
    def create(self, request: Request) -> Response:
        """Write down a job and what its crew is owed. Nobody is paid yet."""
        values = checked(NewBooking, request)
        booking = create_booking(
            reference=values["reference"],
            customer_name=values["customer_name"],
            crew=[_new_member(member) for member in values["crew"]],
            actor=self.actor,
        )
        address = reverse("booking", kwargs={"reference": booking.reference})
        headers = {"Location": address, "ETag": etag(booking.version)}
        return Response(_document(booking), status=201, headers=headers)


def _new_member(member: dict[str, Any]) -> NewCrewMember:
    return NewCrewMember(
        user_id=member["user_id"],
        name=member["name"],
        role=member["role"],
        amount=member["amount"],
        stripe_account=member["stripe_account"],
    )


def _document(booking: Booking) -> Document:
    rows = crew_rows(booking)
    return booking_document(booking, rows, _attempts(rows))


def _attempts(rows: Sequence[CrewRow]) -> Attempts:
    return attempts_of([row.transfer for row in rows if row.transfer is not None])


class BookingDetail(ApiView):
    """One booking."""

    required_capability = "booking.read"

    @extend_schema(
        operation_id="getBooking",
        tags=["Bookings"],
        parameters=[operations.REFERENCE, operations.ETAG],
        responses=BookingShown,
    )
    def get(self, request: Request, reference: str) -> Response:
        """A booking with its crew and what became of everybody's pay."""
        refuse_query(request)
        booking = get_booking(reference)
        return Response(_document(booking), headers={"ETag": etag(booking.version)})


class CompleteBooking(ApiView):
    """The job is done."""

    required_capability = "booking.close"

    @extend_schema(
        operation_id="completeBooking",
        tags=["Bookings"],
        parameters=[operations.REFERENCE, operations.ETAG, operations.IF_MATCH],
        request=BookingClosed,
        responses={
            200: BookingShown,
            **operations.refusals(_409="conflict", _422="illegal_transition validation_error"),
        },
    )
    def post(self, request: Request, reference: str) -> Response:
        """Say that a scheduled job is done. Pay is another matter."""
        values = _closed(request, BookingClosed)
        return _closed_answer(complete_booking(reference=reference, actor=self.actor, **values))


class CancelBooking(ApiView):
    """The job will not happen."""

    required_capability = "booking.close"

    @extend_schema(
        operation_id="cancelBooking",
        tags=["Bookings"],
        parameters=[operations.REFERENCE, operations.ETAG, operations.IF_MATCH],
        request=BookingCancellation,
        responses={
            200: BookingShown,
            **operations.refusals(
                _409="conflict obligation_live", _422="illegal_transition validation_error"
            ),
        },
    )
    def post(self, request: Request, reference: str) -> Response:
        """Cancel a scheduled job for which nobody is paid or being paid; nobody is paid for it afterwards."""
        values = _closed(request, BookingCancellation)
        return _closed_answer(cancel_booking(reference=reference, actor=self.actor, **values))


def _closed(request: Request, body: type[BookingClosed]) -> dict[str, Any]:
    """A version in the body counts before If-Match."""
    values: dict[str, Any] = checked(body, request)
    values.setdefault("expected_version", version_from_if_match(request))
    return values


def _closed_answer(booking: Booking) -> Response:
    return Response(_document(booking), headers={"ETag": etag(booking.version)})


class BookingTransfersView(ApiView):
    """The transfers of a booking's crew."""

    required_capability: ClassVar = {"GET": "transfer.read", "POST": "transfer.pay"}

    @extend_schema(
        operation_id="getTransfersForBooking",
        tags=["Bookings"],
        parameters=[operations.REFERENCE],
        responses=BookingTransfers,
    )
    def get(self, request: Request, reference: str) -> Response:
        """Every person's transfer and the summary."""
        refuse_query(request)
        booking = get_booking(reference)
        rows = crew_rows(booking)
        return Response(booking_transfers_document(booking, rows, _attempts(rows)))

    @extend_schema(
        operation_id="createBulkTransfers",
        tags=["Bookings"],
        parameters=[operations.REFERENCE, operations.IF_MATCH],
        request=BulkTransfers,
        responses={
            202: BulkTransfersAccepted,
            **operations.refusals(
                _409="preview_stale booking_cancelled conflict",
                _422="validation_error not_on_booking",
            ),
        },
        examples=[operations.ACCEPTED],
    )
    def post(self, request: Request, reference: str) -> Response:
        """Pay All, Pay Rest, or pay some.

        Everybody named who has no transfer gets one, and workers carry them out; nobody gets a second one however
        often and however concurrently this is called. It answers at once, without waiting for any rail.
        """
        values = checked(BulkTransfers, request)
        booking, pays = pay_crew(
            reference=reference,
            actor=self.actor,
            user_ids=values.get("user_ids"),
            preview_token=values.get("preview_token"),
            expected_version=version_from_if_match(request),
        )
        attempts = attempts_of([pay.transfer for pay in pays])
        return Response(bulk_document(booking, pays, attempts), status=202)


class BookingPreview(ApiView):
    """What paying would do."""

    required_capability = "transfer.read"

    @extend_schema(
        operation_id="previewBulkTransfers",
        tags=["Bookings"],
        parameters=[operations.REFERENCE, PeopleQuery],
        responses={200: Preview, **operations.refusals(_422="validation_error not_on_booking")},
    )
    def get(self, request: Request, reference: str) -> Response:
        """Who would be paid now, how much, and who would be left out and why."""
        named = people_named(request)
        booking = get_booking(reference)
        preview = crew_preview(booking, named)
        if named is not None:
            _refuse_strangers(reference, named, {row.member.user_id for row in preview.rows})
        return Response(preview_document(booking, preview))


def _refuse_strangers(reference: str, named: Sequence[str], known: set[str]) -> None:
    strangers = [user_id for user_id in named if user_id not in known]
    if strangers:
        raise NotOnBooking(
            f"Not on booking {reference}: {', '.join(strangers[:20])}.", user_ids=strangers
        )
