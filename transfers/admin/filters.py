"""Filters over known choices: one equality on an indexed column, no query for the choices."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from audit.models import Outcome
from transfers.models import PaymentState, Rail, TransferStatus
from transfers.models.booking import BookingStatus
from transfers.models.finding import FindingState

Choices = Iterable[tuple[str, str]]


class ChoiceFilter(SimpleListFilter):
    """Filters `parameter_name` (a column) by one of `options`; anything else in the address filters nothing out."""

    options: ClassVar[Choices]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.options)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        value = self.value()
        if value is None or value not in dict(self.options):
            return queryset
        return queryset.filter(**{str(self.parameter_name): value})


class NullFilter(ChoiceFilter):
    """Whether a column has a value: `parameter_name` ends in `__isnull`, and `options` are "True" and "False"."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        value = self.value()
        if value is None or value not in dict(self.options):
            return queryset
        return queryset.filter(**{str(self.parameter_name): value == "True"})


class PaymentStateFilter(ChoiceFilter):
    """Where a booking's pay stands."""

    title = "Payment"
    parameter_name = "payment_state"
    options = (
        (PaymentState.ATTENTION.value, "Needs attention"),
        (PaymentState.UNPAID.value, "Unpaid"),
        (PaymentState.PROCESSING.value, "Processing"),
        (PaymentState.PARTIALLY_PAID.value, "Partially paid"),
        (PaymentState.PAID.value, "Paid"),
    )


class BookingStatusFilter(ChoiceFilter):
    """Where the job stands."""

    title = "Job"
    parameter_name = "status"
    options = tuple((one.value, one.label) for one in BookingStatus)


class TransferStatusFilter(ChoiceFilter):
    """Where a transfer stands; unknown outcomes are their own choice."""

    title = "Status"
    parameter_name = "status"
    options = (
        ("unknown", "Unknown"),
        *((one.value, one.label) for one in TransferStatus),
    )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() == "unknown":
            return queryset.filter(outcome_unknown=True)
        return super().queryset(request, queryset)


class RailFilter(ChoiceFilter):
    """By which way money moves."""

    title = "Rail"
    parameter_name = "rail"
    options = tuple((one.value, one.label) for one in Rail)


class FindingStateFilter(ChoiceFilter):
    """Open or resolved."""

    title = "State"
    parameter_name = "state"
    options = tuple((one.value, one.label) for one in FindingState)


class OutcomeFilter(ChoiceFilter):
    """What became of what was tried."""

    title = "Outcome"
    parameter_name = "outcome"
    options = (
        (Outcome.WON.value, "Done"),
        (Outcome.NOTED.value, "Noted"),
        (Outcome.CONFLICT.value, "Too late"),
        (Outcome.ILLEGAL.value, "No such step"),
        (Outcome.DENIED.value, "Not allowed"),
    )


class AppliedFilter(NullFilter):
    """Was the message applied?"""

    title = "Applied"
    parameter_name = "due_at__isnull"
    options = (("False", "Waiting"), ("True", "Applied"))
