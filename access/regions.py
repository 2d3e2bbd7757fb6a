"""Which regions' objects somebody sees: a person without regions sees all, one with regions those only.

Each room says once, when its app is ready, which of its rows belong to a region (`hold_to_regions`). The bases of API
endpoints and console pages ask here before any view runs, so that no view can forget: what a person does not see is
not found.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Exists, Func, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from rest_framework.request import Request

from access.models import ApiToken, RegionScope

# None: all of them.
Regions = frozenset[str] | None
M = TypeVar("M", bound=Model)
_SEEN: Final = "_seen_regions"


@dataclass(frozen=True, slots=True)
class Scoped:
    """Rows that belong to a region. `seen`: the condition under which somebody with these regions sees one.

    `noun` names a row in "payout:12"; `argument` names one in an address of the API, by `lookup`.
    """

    model: type[Model]
    seen: Callable[[frozenset[str]], Q]
    noun: str = ""
    argument: str = ""
    lookup: str = "pk"


_by_model: dict[type[Model], Scoped] = {}
_by_noun: dict[str, Scoped] = {}
_by_argument: dict[str, Scoped] = {}


class _IdOf(Func):
    """12 of "payout:12"; NULL where no id follows the noun."""

    template = (
        "CASE WHEN %(expressions)s ~ '^[a-z_]+:[0-9]{1,18}$' "
        "THEN split_part(%(expressions)s, ':', 2)::bigint END"
    )
    output_field = BigIntegerField()


def hold_to_regions(scoped: Scoped) -> None:
    """Rows of this model are from now on not found by whoever does not see them. Called when an app is ready."""
    _by_model[scoped.model] = scoped
    if scoped.noun:
        _by_noun[scoped.noun] = scoped
    if scoped.argument:
        _by_argument[scoped.argument] = scoped


def regions_of(user: object, token: ApiToken | None = None) -> Regions:
    """The regions that `user` is held to. No query for a token that was authenticated for this request, else one."""
    names = getattr(token, "region_names", None)
    if names is None:
        if not isinstance(user, User) or user.pk is None:
            return None
        names = RegionScope.objects.filter(user_id=user.pk).values_list("region", flat=True)
    return frozenset(names) or None


def seen_regions(request: HttpRequest | Request) -> Regions:
    """The same for whoever asks; read once a request."""
    if not hasattr(request, _SEEN):
        token = getattr(request, "auth", None)
        found = regions_of(request.user, token if isinstance(token, ApiToken) else None)
        setattr(request, _SEEN, found)
    regions: Regions = getattr(request, _SEEN)
    return regions


def narrowed(rows: QuerySet[M], regions: Regions) -> QuerySet[M]:
    """Those of `rows` that somebody with these regions sees; rows that belong to no region are seen by all."""
    scoped = _by_model.get(rows.model)
    return rows if regions is None or scoped is None else rows.filter(scoped.seen(regions))


def hidden_subject(subject: str, regions: Regions) -> bool:
    """Is "payout:12" something that exists and that they do not see? One query, for people with regions only."""
    noun, _, pk = subject.partition(":")
    scoped = _by_noun.get(noun)
    if regions is None or scoped is None or not pk.isdecimal() or len(pk) > 18:
        return False
    return _is_hidden(scoped, "pk", int(pk), regions)


def hidden_row(row: Model, regions: Regions) -> bool:
    """The same for a row."""
    scoped = _by_model.get(type(row))
    if regions is None or scoped is None:
        return False
    return _is_hidden(scoped, "pk", row.pk, regions)


def hidden_argument(arguments: dict[str, Any], regions: Regions) -> str:
    """What an address of the API names and they do not see, in words; "" when it names no such thing."""
    if regions is None:
        return ""
    for name, value in arguments.items():
        scoped = _by_argument.get(name)
        if scoped is not None and _is_hidden(scoped, scoped.lookup, value, regions):
            return f"{scoped.noun.replace('_', ' ')} {value}"
    return ""


def subjects_seen(regions: frozenset[str], nouns: Iterable[str] | None = None) -> Q:
    """Rows whose `subject` ("payout:12") they see; of these nouns, or of all that belong to a region."""
    found = Q()
    for noun in _by_noun if nouns is None else nouns:
        scoped = _by_noun[noun]
        seen: QuerySet[Model] = QuerySet(scoped.model).filter(
            scoped.seen(regions), pk=_IdOf(OuterRef("subject"))
        )
        found &= ~Q(subject__startswith=f"{noun}:") | Q(Exists(seen))
    return found


def sources_seen(regions: frozenset[str], source_types: Iterable[str]) -> Q:
    """Rows whose `source_type` and `source_id` name something that they see, or that belongs to no region."""
    found = Q()
    for noun in source_types:
        scoped = _by_noun.get(noun)
        if scoped is not None:
            seen: QuerySet[Model] = QuerySet(scoped.model).filter(
                scoped.seen(regions), pk=OuterRef("source_id")
            )
            found &= ~Q(source_type=noun) | Q(Exists(seen))
    return found


def _is_hidden(scoped: Scoped, lookup: str, value: object, regions: frozenset[str]) -> bool:
    rows: QuerySet[Model] = QuerySet(scoped.model).filter(**{lookup: value})
    return rows.exclude(pk__in=rows.filter(scoped.seen(regions)).values("pk")).exists()
