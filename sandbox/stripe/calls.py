"""A parsed request, and the two kinds of endpoint that can answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.journal import Change, Row
from sandbox.stripe.forms import Params


@dataclass(slots=True)
class Call:
    """One request to the API, parsed."""

    method: str
    path: str
    endpoint: str
    ids: tuple[str, ...]
    params: Params
    request_id: str
    key: str = ""
    account: str = ""
    era: int = 0
    event_mode: str = ""
    event_delay_ms: int = 0
    fields: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """A GET."""

    answer: Callable[[Call], Row]


@dataclass(frozen=True, slots=True)
class Write:
    """A POST in its two halves."""

    prepare: Callable[[Call], Row]
    execute: Callable[[Call, Change], Row]


Table = dict[tuple[str, str], Read | Write]
