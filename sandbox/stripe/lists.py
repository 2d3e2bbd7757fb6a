"""Stripe's list paging: newest first, cursors that are ids, `has_more` in the direction walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.columns import Column
from sandbox.journal import Row
from sandbox.stripe import forms
from sandbox.stripe.errors import StripeError, no_such
from sandbox.stripe.forms import Params
from sandbox.stripe.objects import listing

PAGING = ("limit", "starting_after", "ending_before")


def _limit(params: Params) -> int:
    limit = forms.integer(params, "limit")
    if limit is None:
        return 10
    if not 1 <= limit <= 100:
        raise StripeError(
            400,
            "Limit must be between 1 and 100.",
            code="parameter_invalid_integer",
            param="limit",
        )
    return limit


def _walk(ids: list[str], params: Params, column: Column, kind: str) -> tuple[Iterator[str], bool]:
    """(ids in the direction asked for, whether that is towards newer ones)."""
    after = forms.text(params, "starting_after")
    before = forms.text(params, "ending_before")
    if after and before:
        raise StripeError(
            400, "You can't use both starting_after and ending_before.", param="ending_before"
        )
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and cursor not in column.position:
            raise no_such(kind, cursor, status=400, param=name)
    if before:
        place = column.place(ids, before)
        skip = 1 if place < len(ids) and ids[place] == before else 0
        return (ids[i] for i in range(place + skip, len(ids))), True
    place = column.place(ids, after) if after else len(ids)
    return (ids[i] for i in range(place - 1, -1, -1)), False


def page(
    url: str,
    params: Params,
    column: Column,
    rows: dict[str, Row],
    *,
    kind: str,
    ids: list[str] | None = None,
    keep: Callable[[Row], bool] = lambda row: True,
) -> Row:
    """One page of `ids` (oldest first; default the whole table) that `keep` lets through."""
    limit = _limit(params)
    created = forms.bounds(params, "created")
    walk, upwards = _walk(column.all if ids is None else ids, params, column, kind)
    found: list[Row] = []
    for key in walk:
        row = rows[key]
        if not upwards and row["created"] < created.get("gte", row["created"]):
            break
        if within(row["created"], created) and keep(row):
            found.append(row)
            if len(found) > limit:
                break
    data = found[:limit]
    if upwards:
        data.reverse()
    return listing(url, data, has_more=len(found) > limit)


def within(moment: int, bounds: dict[str, int]) -> bool:
    """Whether a creation time satisfies the `created` filter."""
    return not (
        ("gt" in bounds and moment <= bounds["gt"])
        or ("gte" in bounds and moment < bounds["gte"])
        or ("lt" in bounds and moment >= bounds["lt"])
        or ("lte" in bounds and moment > bounds["lte"])
    )
