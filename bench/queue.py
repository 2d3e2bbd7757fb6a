"""The review queue with 100,000 payout requests against the same with 1,000, as people and programs use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg

from bench.databases import fresh_database
from bench.load import FORM, Client
from bench.measure import Effort, Line, at_most, fastest, interleaved, stopwatch
from bench.payout_rows import add_payout_requests
from bench.servers import bearer, console_session, queue_emptied, web

# Requests of the large site, rounds, looks at a page in each.
SIZES = {"full": (100_000, 9, 5), "quick": (20_000, 3, 3), "smoke": (1_000, 1, 1)}

FEW, BULK = 1_000, 50
# Nobody is to be refused in the middle.
_ENVIRONMENT = {"APPROVAL_LIMIT": "1000000000.00"}
_CSRF = "b" * 32
_QUEUE, _API = "/admin/payouts/payoutrequest/", "/api/v1/payouts"


@dataclass(frozen=True, slots=True)
class Site:
    """A server on a database of its own, and its waiting requests: `shown` to look at, the others to decide about."""

    address: str
    token: str
    cookie: str
    requests: int
    shown: tuple[int, ...]
    undecided: Iterator[int]
    last_entry: int

    def browser(self) -> Client:
        """What the console's scripts send: with the session, the CSRF token, and as htmx."""
        line = f"{self.cookie}; csrftoken={_CSRF}\r\nX-CSRFToken: {_CSRF}\r\nHX-Request: true"
        return Client(self.address, line, content_type=FORM)

    def program(self) -> Client:
        """An integrator with a token."""
        return Client(self.address, self.token)

    def page(self) -> Client:
        """A browser that opens a page."""
        return Client(self.address, self.cookie)


def measure(url: str, effort: Effort) -> list[Line]:
    """Milliseconds a page or a decision; no answer may depend on how much else waits or was decided."""
    many, rounds, looks = SIZES[effort]
    with ExitStack() as stack:
        stack.enter_context(queue_emptied())
        large, small = (_site(stack, requests) for requests in (many, FEW))
        pages = [_looked(name, large, small, rounds, looks) for name in PAGES]
        return pages + [_decided(name, large, small, rounds) for name in DECISIONS]


def _site(stack: ExitStack, requests: int) -> Site:
    url = stack.enter_context(fresh_database(f"queue{requests}"))
    with psycopg.connect(url) as connection:
        add_payout_requests(connection, requests)
        waiting = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM payouts_payoutrequest WHERE status = 'requested' ORDER BY id LIMIT 1000"
            )
        ]
        entry = connection.execute("SELECT max(id) FROM audit_entry").fetchone()
    assert entry is not None
    token = bearer(url)
    address = stack.enter_context(web(url, processes=1, environment=_ENVIRONMENT))
    cookie = console_session(address)
    shown = tuple(waiting[:BULK])
    return Site(address, token, cookie, requests, shown, iter(waiting[BULK:]), entry[0])


Page = Callable[[Site], tuple[Client, str]]


def _console(query: str) -> Page:
    return lambda site: (site.page(), f"{_QUEUE}{query}")


def _api(query: str) -> Page:
    return lambda site: (site.program(), f"{_API}{query}")


PAGES: dict[str, Page] = {
    "console, the queue": _console(""),
    "console, next page": lambda site: (
        site.page(),
        f"{_QUEUE}?newer={site.shown[0] + site.requests // 5}",
    ),
    "console, by region": _console("?region=TR"),
    "console, by status": _console("?status=rejected"),
    "console, by reviewer": _console("?status=any&reviewer=reviewer-3"),
    "console, by age": _console("?age=3d"),
    "console, by amount": _console("?amount=1000"),
    "console, search by name": _console("?q=payee+1"),
    "console, search by payee's id": _console("?q=seller-0000123"),
    "console, search by number": lambda site: (site.page(), f"{_QUEUE}?q={site.shown[0]}"),
    "console, a request's page": lambda site: (site.page(), f"{_QUEUE}{site.shown[0]}/change/"),
    "console, open the sheet": lambda site: (site.browser(), f"{_QUEUE}{site.shown[0]}/review/"),
    "console, live parts of 50 rows": lambda site: (
        site.browser(),
        f"{_QUEUE}live/?ids={','.join(map(str, site.shown))}&newest={site.shown[-1]}",
    ),
    "console, what changed since": lambda site: (
        site.browser(),
        f"{_QUEUE}changes/?since={site.last_entry - 400}",
    ),
    "console, overview": lambda site: (site.page(), "/admin/"),
    "API, listPayouts": _api(""),
    "API, listPayouts by status and region": _api("?status=requested&region=TR"),
    "API, listPayouts, search": _api("?search=payee+1"),
    "API, getPayout": lambda site: (site.program(), f"{_API}/{site.shown[0]}"),
}


def _looked(name: str, large: Site, small: Site, rounds: int, looks: int) -> Line:
    def side(site: Site) -> Callable[[], float]:
        def once() -> float:
            client, path = PAGES[name](site)
            with closing(client):
                client.request("GET", path)
                return fastest(lambda: client.request("GET", path), looks)

        return once

    return _line(name, side(large), side(small), rounds, large, small)


def _approve(site: Site) -> float:
    """Sign what the sheet shows."""
    payout = next(site.undecided)
    with closing(site.browser()) as browser:
        sheet = browser.request("GET", f"{_QUEUE}{payout}/review/").decode()
        form = urlencode({"seen": _found(r'name="seen"\s+value="([0-9a-f]{64})"', sheet)})
        with stopwatch() as watch:
            browser.request("POST", f"{_QUEUE}{payout}/approve/", form.encode())
    return watch.seconds


def _approve_by_program(site: Site) -> float:
    payout = next(site.undecided)
    with closing(site.program()) as program:
        program.request("GET", f"{_API}/{payout}")
        with stopwatch() as watch:
            program.request("POST", f"{_API}/{payout}/approve", b"{}")
    return watch.seconds


def _bulk(site: Site) -> float:
    """Fifty rows of the list, chosen and confirmed; what is measured is their fifty decisions."""
    chosen = [next(site.undecided) for _ in range(BULK)]
    with closing(site.page()) as reader, closing(site.browser()) as browser:
        rows = reader.request("GET", f"{_QUEUE}?newer={chosen[0] - 1}").decode()
        seen = re.findall(r'name="(seen-\d+)"\s+value="([0-9a-f]{64})"', rows)
        form = [("selected", one) for one in chosen] + [("verb", "approve"), *seen]
        browser.request("POST", f"{_QUEUE}bulk/", urlencode(form).encode())
        with stopwatch() as watch:
            done = browser.request(
                "POST", f"{_QUEUE}bulk/", urlencode([*form, ("step", "do")]).encode()
            )
    assert f"{BULK} of {BULK} approved".encode() in done, done[:2_000]
    return watch.seconds


DECISIONS: dict[str, Callable[[Site], float]] = {
    "console, approve": _approve,
    f"console, approve {BULK} at once": _bulk,
    "API, approvePayout": _approve_by_program,
}


def _decided(name: str, large: Site, small: Site, rounds: int) -> Line:
    decide = DECISIONS[name]
    return _line(name, lambda: decide(large), lambda: decide(small), rounds, large, small)


def _line(
    name: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    rounds: int,
    large: Site,
    small: Site,
) -> Line:
    pair = interleaved(ours, theirs, rounds)
    return Line(
        what=f"{name}, {large.requests:,} payout requests",
        yardstick=f"the same with {small.requests:,}",
        ours=pair.ours * 1_000,
        theirs=pair.theirs * 1_000,
        unit="ms",
        ratio=pair.ours / pair.theirs,
        target=at_most(1.5),
        runs=pair.runs,
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text[:2_000]
    return found[1]
