"""What lists may be asked for. Unknown names and unknown values are refused; every filter is served by an index."""

from typing import Any, TypedDict, cast

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from transfers.api.requests import MOST_PEOPLE, PersonId, StrictSerializer, Text
from transfers.models import (
    Booking,
    BookingStatus,
    Finding,
    FindingState,
    PaymentState,
    Rail,
    SourceType,
    Transfer,
    TransferStatus,
)

_PAGING = ("limit", "cursor", "ordering")


class BookingFilters(StrictSerializer):
    """`?status=&payment_state=&search=`"""

    status = serializers.ChoiceField(choices=BookingStatus.choices, required=False)
    payment_state = serializers.ChoiceField(choices=PaymentState.choices, required=False)
    search = Text(
        max_length=100,
        required=False,
        help_text="The beginning of a reference or of a customer's name, in any case.",
    )


class TransferFilters(StrictSerializer):
    """`?status=&rail=&source=&search=`"""

    status = serializers.ChoiceField(choices=TransferStatus.choices, required=False)
    rail = serializers.ChoiceField(choices=Rail.choices, required=False)
    source = Text(  # type: ignore[assignment]  # a member, not DRF's attribute
        max_length=80,
        required=False,
        help_text="booking, payout or refund; or one of them, such as booking:BK-19284.",
    )
    search = Text(
        max_length=100,
        required=False,
        help_text="The beginning of a source's reference or of a payee's name, in any case.",
    )

    def validate_source(self, value: str) -> str:
        """`type` or `type:reference`."""
        if value.partition(":")[0] not in SourceType.values:
            raise ValidationError(
                f"source is one of {', '.join(SourceType.values)}, or one of them as type:reference.",
                code="invalid_choice",
            )
        return value


class FindingFilters(StrictSerializer):
    """`?state=&subject=`"""

    state = serializers.ChoiceField(choices=FindingState.choices, required=False)
    subject = Text(max_length=64, required=False, help_text="Such as transfer:12.")


class PeopleQuery(StrictSerializer):
    """`?user_ids=u1,u2` or `?user_ids=u1&user_ids=u2`"""

    user_ids = serializers.ListField(
        child=PersonId(), required=False, allow_empty=False, max_length=MOST_PEOPLE
    )


class _BookingValues(TypedDict, total=False):
    status: str
    payment_state: str
    search: str


class _TransferValues(TypedDict, total=False):
    status: str
    rail: str
    source: str
    search: str


def query_values(request: Request, filters: type[StrictSerializer]) -> dict[str, Any]:
    """The filters of a list's query string, checked. Raises ValidationError (422)."""
    given = {name: value for name, value in request.query_params.items() if name not in _PAGING}
    checked = filters(data=given)
    checked.is_valid(raise_exception=True)
    return cast("dict[str, Any]", checked.validated_data)


def people_named(request: Request) -> list[str] | None:
    """The `user_ids` of a query string; None when it names nobody, which means everybody. Raises ValidationError."""
    data: dict[str, Any] = dict(request.query_params.lists())
    if "user_ids" in data:
        data["user_ids"] = [one for value in data["user_ids"] for one in value.split(",")]
    checked = PeopleQuery(data=data)
    checked.is_valid(raise_exception=True)
    return cast("list[str] | None", checked.validated_data.get("user_ids"))


def bookings_like(values: dict[str, Any]) -> QuerySet[Booking]:
    """Bookings that fit the filters."""
    asked = cast("_BookingValues", values)
    rows = Booking.objects.all()
    if "status" in asked:
        rows = rows.filter(status=asked["status"])
    if "payment_state" in asked:
        rows = rows.filter(payment_state=asked["payment_state"])
    if "search" in asked:
        begins = asked["search"]
        rows = rows.filter(Q(reference__istartswith=begins) | Q(customer_name__istartswith=begins))
    return rows


def transfers_like(values: dict[str, Any]) -> QuerySet[Transfer]:
    """Transfers that fit the filters."""
    asked = cast("_TransferValues", values)
    rows = Transfer.objects.all()
    if "status" in asked:
        rows = rows.filter(status=asked["status"])
    if "rail" in asked:
        rows = rows.filter(rail=asked["rail"])
    if "source" in asked:
        kind, colon, reference = asked["source"].partition(":")
        rows = rows.filter(source_type=kind)
        if colon:
            # iexact is what the index is on; the second condition makes it exact.
            rows = rows.filter(source_reference__iexact=reference, source_reference=reference)
    if "search" in asked:
        begins = asked["search"]
        rows = rows.filter(
            Q(source_reference__istartswith=begins) | Q(payee_name__istartswith=begins)
        )
    return rows


def findings_like(values: dict[str, Any]) -> QuerySet[Finding]:
    """Findings that fit the filters."""
    return Finding.objects.filter(**values)
