"""What Horizon says about suspicious sessions, and whether its silence may be believed. HTTP only, no rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from checkout.errors import HorizonAway
from checkout.horizon import PAGE, ledger_closed_at, ledger_state, operations_for, page_of
from checkout.models import CheckoutSession
from checkout.policy import address_named
from rails.horizon_payments import IncomingOperation, incoming
from rails.horizon_values import LedgerState

MOST_PAGES = 50
# Further behind than this, a Horizon is not asked for repairs at all.
MOST_LAG_SECONDS = 60
# Our clock may be ahead of the ledger's: look a little further back than we must.
# A network begins with the first, and no payment is older than the second.
_FIRST_LEDGERS = 2
_ONE_SECOND = timedelta(seconds=1)
_FURTHER_BACK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Scan:
    """Every operation of an account from `read_to` on (None: nobody knows from when on), and `why` none before it."""

    operations: list[IncomingOperation]
    read_to: datetime | None
    why: str

    def covers(self, moment: datetime) -> bool:
        """Does what is missing from it prove that nothing came in from then on?"""
        return self.read_to is not None and moment >= self.read_to


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger tells of one session. `doubt`: why its silence proves nothing; empty when it does."""

    operations: list[IncomingOperation]
    doubt: str
    evidence: dict[str, Any] = field(default_factory=dict)


def believable_state() -> LedgerState:
    """Raises HorizonAway when Horizon is down, serves another network or is far behind."""
    state = ledger_state()
    behind = timezone.now().timestamp() - state.closed_at
    if behind > MOST_LAG_SECONDS:
        raise HorizonAway(f"Horizon is {behind:.0f} s behind the ledger.")
    return state


def scan(account: str, since: datetime, state: LedgerState) -> Scan:
    """Newest first, until `since` is passed. Raises HorizonAway."""
    found: list[IncomingOperation] = []
    cursor, oldest = 0, datetime.now(UTC)
    for _ in range(MOST_PAGES):
        page = page_of(account, cursor=cursor, newest_first=True)
        for listed in page:
            operation = incoming(listed, account)
            if operation is not None and listed.created_at >= since - _FURTHER_BACK:
                found.append(operation)
        if page and page[-1].created_at < since - _FURTHER_BACK:
            return Scan(found, since, why="")
        if len(page) < PAGE:
            return _to_the_end(since, found, state)
        cursor, oldest = int(page[-1].paging_token), page[-1].created_at
    # Of the ledger that the last page ended in, some may be missing.
    read_to = oldest + _ONE_SECOND + _FURTHER_BACK
    why = f"more than {MOST_PAGES * PAGE} operations came in since"
    return Scan(found, read_to, why)


def _to_the_end(since: datetime, found: list[IncomingOperation], state: LedgerState) -> Scan:
    """Nothing older is listed: is that because nothing was, or because history was cut?"""
    if state.elder <= _FIRST_LEDGERS:
        return Scan(found, since, why="")
    kept_from = ledger_closed_at(state.elder)
    # Horizon tells whole seconds: a ledger that was cut may have closed in the same one.
    read_to = kept_from and kept_from + 2 * _ONE_SECOND
    return Scan(found, read_to, why=f"Horizon keeps history from ledger {state.elder} on")


def scans_for(sessions: Iterable[CheckoutSession], state: LedgerState) -> dict[str, Scan]:
    """One scan per account, back to the oldest of these sessions.

    An account that Horizon does not list delays no other: its scan covers nothing, and says why.
    """
    since: dict[str, datetime] = {}
    for session in sessions:
        known = since.get(session.account, session.created_at)
        since[session.account] = min(known, session.created_at)
    return {account: _scan_or_why_not(account, at, state) for account, at in since.items()}


def _scan_or_why_not(account: str, since: datetime, state: LedgerState) -> Scan:
    try:
        return scan(account, since, state)
    except HorizonAway as away:
        return Scan([], None, why=away.detail)


def tell(session: CheckoutSession, seen: Scan, state: LedgerState) -> Told:
    """What names this session, in the scan and under the hash that was named for it. Raises HorizonAway."""
    found = {
        (one.tx_hash, one.operation_index): one
        for one in seen.operations
        if address_named(one) == session.address
    }
    named = session.claimed_tx_hash
    by_hash = operations_for(session.account, named) if named else None
    for one in by_hash or ():
        if address_named(one) == session.address:
            found[one.tx_hash, one.operation_index] = one
    operations = sorted(found.values(), key=lambda one: one.operation_id)
    return Told(
        operations,
        doubt=_doubt(session, seen, state),
        evidence={
            "horizon": state.evidence(),
            "named_hash": named or None,
            "named_hash_is_on_the_ledger": by_hash is not None if named else None,
            "operations": [f"{one.tx_hash}/{one.operation_index}" for one in operations],
            "read_back_to": seen.read_to and seen.read_to.isoformat(),
            "history_is_complete": seen.covers(session.created_at),
        },
    )


def _doubt(session: CheckoutSession, seen: Scan, state: LedgerState) -> str:
    if not seen.covers(session.created_at):
        return seen.why
    # A transaction named at that moment would be in a ledger by now, and this Horizon would know it.
    patience = min(30.0, settings.STALE_SESSION_SECONDS / 2)
    known_until = datetime.fromtimestamp(state.closed_at, UTC)
    if known_until < session.updated_at + timedelta(seconds=patience):
        return f"Horizon knows the ledger only until {known_until:%H:%M:%S} UTC"
    return ""
