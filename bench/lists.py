"""Row 6: pages of the console's table and of the API's lists with very many transfers against the same with 1,000."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import psycopg

from bench.databases import add_paid_bookings, fresh_database, settle
from bench.load import Client
from bench.measure import Effort, Line, at_most, fastest, interleaved
from bench.servers import bearer, console_session, web

# Bookings of the large site, rounds, looks at a page in each.
SIZES = {"full": (250_000, 9, 5), "quick": (25_000, 3, 3), "smoke": (500, 1, 1)}

PEOPLE, FEW = 4, 250


def measure(url: str, effort: Effort) -> list[Line]:
    """Milliseconds a page; a deep one starts in the middle of all rows."""
    many, rounds, looks = SIZES[effort]
    with ExitStack() as stack:
        large, small = (_site(stack, size) for size in (many, FEW))
        return [_line(what, page, large, small, rounds, looks) for what, page in PAGES.items()]


@dataclass(frozen=True, slots=True)
class Site:
    """A server on a database of its own with so many bookings, for an integrator and for a browser."""

    address: str
    token: str
    cookie: str
    bookings: int

    def seconds(self, credentials: str, path: str, looks: int) -> float:
        """For the quickest of so many looks at one page."""
        with closing(Client(self.address, credentials)) as client:
            client.request("GET", path)
            return fastest(lambda: client.request("GET", path), looks)

    def deep(self, path: str, middle: int) -> str:
        """The page after row `middle`, by the server's own cursor with another position in it."""
        with closing(Client(self.address, self.token)) as client:
            first = json.loads(client.request("GET", path))
            cursor = parse_qs(urlsplit(first["next"]).query)["cursor"][0]
            content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            content[2] = [str(middle)]
            forged = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
            deep = f"{path}?cursor={forged}"
            rows = json.loads(client.request("GET", deep))["results"]
            assert len(rows) == len(first["results"])
            assert rows[0] not in first["results"]
        return deep


def _site(stack: ExitStack, bookings: int) -> Site:
    url = stack.enter_context(fresh_database(f"lists{bookings}"))
    with psycopg.connect(url) as connection:
        add_paid_bookings(connection, bookings, PEOPLE)
        settle(connection)
    token = bearer(url)
    address = stack.enter_context(web(url, processes=1))
    return Site(address, token, console_session(address), bookings)


Page = Callable[[Site], tuple[str, str]]
_BOOKINGS, _TRANSFERS, _TABLE = (
    "/api/v1/bookings",
    "/api/v1/transfers",
    "/admin/transfers/booking/",
)
PAGES: dict[str, Page] = {
    "console, bookings table, first page": lambda site: (site.cookie, _TABLE),
    "console, bookings table, deep page": lambda site: (
        site.cookie,
        f"{_TABLE}?older={site.bookings // 2}",
    ),
    "API, bookings, first page": lambda site: (site.token, _BOOKINGS),
    "API, bookings, deep page": lambda site: (
        site.token,
        site.deep(_BOOKINGS, site.bookings // 2),
    ),
    "API, transfers, first page": lambda site: (site.token, _TRANSFERS),
    "API, transfers, deep page": lambda site: (
        site.token,
        site.deep(_TRANSFERS, site.bookings * PEOPLE // 2),
    ),
}


def _line(what: str, page: Page, large: Site, small: Site, rounds: int, looks: int) -> Line:
    ours, theirs = page(large), page(small)
    pair = interleaved(
        lambda: large.seconds(*ours, looks), lambda: small.seconds(*theirs, looks), rounds
    )
    return Line(
        what=f"{what}, {large.bookings * PEOPLE:,} transfers",
        yardstick=f"the same with {small.bookings * PEOPLE:,}",
        ours=pair.ours * 1_000,
        theirs=pair.theirs * 1_000,
        unit="ms",
        ratio=pair.ours / pair.theirs,
        target=at_most(1.5),
        runs=pair.runs,
    )
