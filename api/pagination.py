"""Cursor paging by keyset: a page is as cheap at row ten million as at row one, and nothing is ever counted."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet, Value
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from guard.errors import Invalid

_M = TypeVar("_M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A place between two rows: the ordering it belongs to, the direction, and the neighbour's values."""

    ordering: str
    backwards: bool
    position: list[Any]

    def encode(self) -> str:
        text = json.dumps([self.ordering, int(self.backwards), self.position])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "_Cursor":
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            ordering, backwards, position = json.loads(raw)
            if not isinstance(position, list) or len(position) not in (1, 2):
                raise ValueError("a position is one or two values")
            return cls(str(ordering), bool(backwards), position)
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise _bad_cursor() from None


def _bad_cursor() -> Invalid:
    return Invalid(
        "This cursor is not one of ours, or belongs to another ordering.", field="cursor"
    )


class CursorPages(BasePagination):
    """`?limit=&cursor=&ordering=`; the answer is exactly {next, previous, results}.

    A view lists what may be ordered by in `ordering_fields` (own, indexed, non-null columns) and its default in
    `ordering`. The primary key, in the same direction, breaks ties, so that an index on (column, id) serves both.
    """

    page_size = 50
    max_page_size = 200
    ordering = "-id"
    cursor_query_param = "cursor"
    page_size_query_param = "limit"
    ordering_query_param = "ordering"

    def paginate_queryset(  # type: ignore[override]  # the stubs demand DRF's own private types
        self, queryset: QuerySet[_M], request: Request, view: APIView | None = None
    ) -> list[_M]:
        """One query for one row more than the page. Raises Invalid for a bad limit, ordering or cursor."""
        self._url = request.build_absolute_uri()
        limit = self._limit(request)
        ordering = self._ordering(request, queryset.model, view)
        given = request.query_params.get(self.cursor_query_param)
        cursor = _Cursor.decode(given) if given else None
        if cursor is not None and cursor.ordering != ordering:
            raise _bad_cursor()
        backwards = cursor is not None and cursor.backwards
        rows = list(_after(queryset, ordering, cursor)[: limit + 1])
        more = len(rows) > limit
        page = rows[:limit]
        if backwards:
            page.reverse()
        self._set_links(page, ordering, more=more, backwards=backwards, started=cursor is not None)
        return page

    def _set_links(
        self, page: Sequence[Model], ordering: str, *, more: bool, backwards: bool, started: bool
    ) -> None:
        has_next, has_previous = (bool(page), more) if backwards else (more, started and bool(page))
        self._next = self._link(page[-1], ordering, backwards=False) if has_next else None
        self._previous = self._link(page[0], ordering, backwards=True) if has_previous else None

    def _link(self, row: Model, ordering: str, *, backwards: bool) -> str:
        names = _columns(type(row), ordering.lstrip("-"))
        position = [_field(type(row), one).value_to_string(row) for one in names]
        cursor = _Cursor(ordering, backwards, position).encode()
        return replace_query_param(self._url, self.cursor_query_param, cursor)

    def _limit(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if (
            not given.isascii()
            or not given.isdecimal()
            or not 1 <= int(given[:9]) <= self.max_page_size
        ):
            raise Invalid(f"limit is a number from 1 to {self.max_page_size}.", field="limit")
        return int(given[:9])

    def _ordering(self, request: Request, model: type[Model], view: APIView | None) -> str:
        given = request.query_params.get(self.ordering_query_param)
        if given is None:
            return str(getattr(view, "ordering", None) or self.ordering)
        allowed = orderings_of(view, self.ordering)
        if given not in allowed:
            raise Invalid(f"ordering is one of {', '.join(allowed)}.", field="ordering")
        return given

    def get_paginated_response(self, data: Any) -> Response:
        """Exactly the three members of the contract."""
        return Response({"next": self._next, "previous": self._previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for OpenAPI."""
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The query parameters for OpenAPI, with the view's own list of orderings."""
        allowed = orderings_of(view, self.ordering)
        limit = {
            "type": "integer",
            "minimum": 1,
            "maximum": self.max_page_size,
            "default": self.page_size,
        }
        return [
            _parameter("cursor", {"type": "string"}, "From `next` or `previous` of another page."),
            _parameter("limit", limit, "Rows in a page."),
            _parameter("ordering", {"type": "string", "enum": allowed}, "Default: the view's own."),
        ]


def orderings_of(view: object, default: str = "-id") -> list[str]:
    """What `?ordering=` accepts at this view: its fields and its default, both directions."""
    names = [*getattr(view, "ordering_fields", ()), str(getattr(view, "ordering", None) or default)]
    unique = dict.fromkeys(name.lstrip("-") for name in names)
    return [sign + name for name in unique for sign in ("", "-")]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _columns(model: type[Model], name: str) -> list[str]:
    pk = str(model._meta.pk.name) if model._meta.pk else "id"
    return [pk] if name in ("pk", pk) else [name, pk]


def _after(queryset: QuerySet[_M], ordering: str, cursor: _Cursor | None) -> QuerySet[_M]:
    """Rows beyond the cursor, ordered by column and primary key, compared as one row value."""
    descending = ordering.startswith("-")
    names = _columns(queryset.model, ordering.lstrip("-"))
    downwards = descending != (cursor is not None and cursor.backwards)
    ordered = queryset.order_by(*(f"-{name}" if downwards else name for name in names))
    if cursor is None:
        return ordered
    if len(cursor.position) != len(names):
        raise _bad_cursor()
    fields = [_field(queryset.model, name) for name in names]
    position = [_value(field, text) for field, text in zip(fields, cursor.position, strict=True)]
    beyond = Func(
        Func(*(F(name) for name in names), function="ROW", output_field=BooleanField()),
        Func(*position, function="ROW", output_field=BooleanField()),
        template="%(expressions)s",
        arg_joiner=" < " if downwards else " > ",
        output_field=BooleanField(),
    )
    return ordered.filter(beyond)


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, Field):
        raise FieldDoesNotExist(f"{name} is not a column of {model.__name__}")
    return field


def _value(field: "Field[Any, Any]", text: Any) -> Value:
    if not isinstance(text, str) or "\x00" in text:
        raise _bad_cursor()
    try:
        value = field.to_python(text)
    except DjangoValidationError:
        raise _bad_cursor() from None
    return Value(value, output_field=field)
