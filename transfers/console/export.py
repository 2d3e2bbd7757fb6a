"""A list as CSV: streamed page by page from a keyset, safe in a spreadsheet, and written down in the audit log.

Each page is a query of its own and the connection goes back to the pool before the page is sent, so that a client
that reads slowly holds a thread and nothing of the database; and not more than a few threads are held at a time.
"""

import csv
import io
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from access.actors import actor_from_request
from access.roles import Capability
from audit.record import Note, record_alone
from audit.redact import mask_text, redact_text
from transfers.console.gate import require

ROWS_A_PAGE: Final = 1_000
# Of a process' web threads; a slow reader holds one for as long as it reads.
MOST_AT_ONCE: Final = 2
# What a spreadsheet would run, or take for the start of another cell (OWASP: CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where the list separator is a semicolon, Excel begins a cell after one, quotes or not.
_NEXT_CELL: Final = re.compile(r"(;\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title and its value. `prose`: people or rails wrote it, so bank details in it are masked."""

    title: str
    value: Callable[[Any], object]
    prose: bool = False


def columns(*names: str, prose: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns that are attributes of the row."""
    return tuple(Column(name, _attribute(name), prose=name in prose) for name in names)


def _attribute(name: str) -> Callable[[Any], object]:
    return lambda row: getattr(row, name)


def cell(value: object, *, prose: bool = False) -> str:
    """The text of a cell. What would begin a formula gets an apostrophe in front, which spreadsheets hide."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).replace("\x00", "")
    text = redact_text(text) if prose else mask_text(text)
    text = _NEXT_CELL.sub(r"\1'", text)
    return f"'{text}" if _begins_formula(text) else text


def _begins_formula(text: str) -> bool:
    return text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)


def export_view(
    request: HttpRequest,
    *,
    name: str,
    capability: Capability,
    rows: Callable[[], QuerySet[Any]],
    shown: Sequence[Column],
) -> HttpResponseBase:
    """Answer a POST with the file. `rows` is asked only once the caller may see them. Writes an audit entry first.

    403 without the capability (audited), 405 for a GET, 503 with Retry-After while others are being read.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    require(request, capability, f"user:{request.user.pk}")
    found = rows()
    if not _places.acquire(blocking=False):
        text = "Other exports are being read at the moment. Try again in half a minute.\n"
        return HttpResponse(
            text, status=503, content_type="text/plain", headers={"Retry-After": "30"}
        )
    try:
        _write_down(request, name)
    except BaseException:
        _places.release()
        raise
    stamp = timezone.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return StreamingHttpResponse(
        _Lines(found, shown),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{stamp}.csv"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )


class _Lines:
    """The file in pieces. Its place is given back when it is read to its end, and when the client goes away."""

    def __init__(self, found: QuerySet[Model], shown: Sequence[Column]) -> None:
        self._pieces = _pieces(found, shown)
        self._held = True

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self._pieces
        finally:
            self.close()

    def close(self) -> None:
        """Django calls it at the end of every answer, however that came."""
        if self._held:
            self._held = False
            _places.release()


def _pieces(found: QuerySet[Any], shown: Sequence[Column]) -> Iterator[str]:
    # Spreadsheets take UTF-8 for something else without the mark.
    yield "\ufeff" + _text([[column.title for column in shown]])
    last: int | None = None
    while True:
        page = found if last is None else found.filter(pk__lt=last)
        rows = list(page.order_by("-pk")[:ROWS_A_PAGE])
        if not connection.in_atomic_block:
            connection.close()
        yield _text(
            [[cell(column.value(row), prose=column.prose) for column in shown] for row in rows]
        )
        if len(rows) < ROWS_A_PAGE:
            return
        last = rows[-1].pk


def _text(rows: Sequence[Sequence[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def _write_down(request: HttpRequest, name: str) -> None:
    note = Note(
        subject=f"user:{request.user.pk}",
        action=f"export.{name}",
        actor=actor_from_request(request),
        snapshot={"filters": {key: values[:5] for key, values in request.GET.lists()}},
    )
    if not record_alone(note):
        raise RuntimeError("Nothing is handed out without its audit entry; ask again.")
