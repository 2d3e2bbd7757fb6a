"""The queue's filters. Unlike elsewhere, no choice means "waiting": that is what a reviewer comes for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from access.regions import seen_regions
from money import Money
from payouts.console.rows import known_regions
from payouts.models import PayoutStatus
from transfers.admin.filters import ChoiceFilter

ANY = "any"
RETURNED = "returned"


class StatusFilter(ChoiceFilter):
    """Waiting, unless something else is asked for."""

    title = "Status"
    parameter_name = "status"
    options = (
        *((one.value, one.label) for one in PayoutStatus if one != PayoutStatus.REQUESTED),
        (RETURNED, "Returned"),
        (ANY, "Any"),
    )

    def choices(self, changelist: Any) -> Iterator[Any]:
        found = super().choices(changelist)
        yield {**next(found), "display": "Waiting"}
        yield from found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() == ANY:
            return queryset
        if self.value() == RETURNED:
            return queryset.filter(returned_at__isnull=False)
        if self.value() not in dict(self.options):
            return queryset.filter(status=PayoutStatus.REQUESTED)
        return super().queryset(request, queryset)


class RegionFilter(SimpleListFilter):
    """Whichever regions there are."""

    title = "Region"
    parameter_name = "region"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(region, region) for region in known_regions(seen_regions(request))]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(region=self.value()) if self.value() else queryset


class AgeFilter(SimpleListFilter):
    """How long ago it was asked for."""

    title = "Age"
    parameter_name = "age"
    ages = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "3d": timedelta(days=3)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1h", "Over 1 h"), ("1d", "Over 1 d"), ("3d", "Over 3 d")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        least = self.ages.get(str(self.value()))
        return (
            queryset if least is None else queryset.filter(created_at__lte=timezone.now() - least)
        )


class AmountFilter(SimpleListFilter):
    """What it counts in the base currency."""

    title = "Amount"
    parameter_name = "amount"
    least = ("1000", "10000", "50000")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one, f"≥ {int(one):,} {settings.BASE_CURRENCY}") for one in self.least]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() not in self.least:
            return queryset
        least = Money.parse(str(self.value()), settings.BASE_CURRENCY)
        return queryset.filter(base_minor__gte=least.minor)


class ReviewerFilter(SimpleListFilter):
    """Who decided: oneself, or whoever the address names (the names in the list link here)."""

    title = "Reviewer"
    parameter_name = "reviewer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        me = request.user.get_username()
        asked = request.GET.get("reviewer", "")[:150]
        others = [(asked, asked)] if asked and asked != me else []
        return [(me, "Me"), *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(reviewed_by=self.value()) if self.value() else queryset
