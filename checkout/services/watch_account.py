"""Read on where the ledger was left: every operation of the receiving account, once, in order, without a gap."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

from audit.actor import Actor
from checkout.horizon import PAGE, ledger_closed_at, ledger_state, page_of
from checkout.models import WatchCursor
from checkout.services.expire_sessions import expire_sessions
from checkout.services.process_page import process_page
from guard.errors import Refused
from rails.horizon_payments import ledger_of
from rails.horizon_values import LedgerState
from transfers.services.raise_finding import raise_finding

WATCHER = Actor("worker", "watcher")


@dataclass(frozen=True, slots=True)
class Watched:
    """What one round brought. `caught_up`: nothing more was there."""

    read: int
    new: int
    expired: int
    caught_up: bool


def accounts_watched() -> list[str]:
    """The receiving account, and every one that was watched before: customers pay to old addresses."""
    known = set(WatchCursor.objects.values_list("account", flat=True))
    return sorted(known | ({settings.STELLAR_RECEIVING_ACCOUNT} - {""}))


def watch_account(*, account: str, actor: Actor = WATCHER, most_pages: int = 1000) -> Watched:
    """Process every operation beyond the cursor, page by page. No transaction is open during a call.

    The cursor moves after a page's rows are committed, and only forward: a watcher that dies reads a page again, two
    at once read it twice, and neither counts anything twice. Then sessions whose time is over are expired, up to the
    ledger that was known before the last page was asked for. Raises HorizonAway, after writing it down.
    """
    watch, _ = WatchCursor.objects.get_or_create(account=account)
    cursor = watch.cursor
    try:
        state = ledger_state()
        _note_gap(watch, state, actor)
        read = new = 0
        caught_up = False
        for _ in range(most_pages):
            page = page_of(account, cursor=cursor)
            new += process_page(page, account=account, actor=actor)
            read += len(page)
            if page:
                cursor = int(page[-1].paging_token)
                _advance(account, cursor)
            if len(page) < PAGE:
                caught_up = True
                break
    except Exception as failed:
        said = f"It failed here ({type(failed).__name__}): the log says more."
        problem = failed.detail if isinstance(failed, Refused) else said
        _note(account, problem=problem, caught_up_at=None)
        raise
    known_until = datetime.fromtimestamp(state.closed_at, UTC) if caught_up else None
    _note(account, problem="", caught_up_at=known_until)
    expired = 0
    if known_until is not None:
        expired = expire_sessions(account=account, known_until=known_until, actor=actor)
    return Watched(read, new, expired, caught_up)


def _advance(account: str, cursor: int) -> None:
    with connection.cursor() as db:
        db.execute(
            "UPDATE checkout_watchcursor SET cursor = greatest(cursor, %s), updated_at = clock_timestamp() "
            "WHERE account = %s",
            [cursor, account],
        )


def _note(account: str, *, problem: str, caught_up_at: datetime | None) -> None:
    with connection.cursor() as db:
        db.execute(
            "UPDATE checkout_watchcursor SET polled_at = clock_timestamp(), problem = %s, "
            "caught_up_at = greatest(caught_up_at, %s) WHERE account = %s",
            [problem, caught_up_at, account],
        )


def _note_gap(watch: WatchCursor, state: LedgerState, actor: Actor) -> None:
    """Ledgers between the cursor and what Horizon still keeps were never read: a person must look."""
    read_last = ledger_of(watch.cursor)
    if not watch.cursor or read_last + 1 >= state.elder or _was_quiet(watch, state):
        return
    raise_finding(
        subject=f"account:{watch.account}"[:64],
        kind="history_gap",
        detail=f"Horizon keeps ledgers from {state.elder} on, and {read_last} was read last: "
        "operations between them were not seen. Ask a Horizon with the full history.",
        actor=actor,
        evidence=state.evidence() | {"cursor": watch.cursor},
    )


def _was_quiet(watch: WatchCursor, state: LedgerState) -> bool:
    """Was everything read up to a ledger that is still kept, and nothing came in for longer than it is kept?"""
    if watch.caught_up_at is None:
        return False
    kept_from = ledger_closed_at(state.elder)
    # Whole seconds: a ledger that is gone may have closed in the same one.
    return kept_from is not None and watch.caught_up_at > kept_from
