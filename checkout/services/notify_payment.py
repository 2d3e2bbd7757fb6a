"""Somebody names the transaction that pays a session: look it up now instead of waiting for the watcher."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from audit.actor import Actor
from checkout.horizon import operations_for
from checkout.models import CheckoutSession, Receipt, ReceiptState, SessionStatus
from checkout.selectors import get_session
from checkout.services.process_operation import Processed, process_operation
from guard.belief import require_version
from guard.door import Won, change_status
from guard.errors import Invalid

Result = Literal["applied", "duplicate", "already_paid", "rejected", "pending"]
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Notified:
    """`reason` is one of policy.WHY's words, or `not_for_this_session`, or `not_on_the_ledger_yet`."""

    result: Result
    reason: str
    session: CheckoutSession


def notify_payment(
    *, session_id: int, tx_hash: str, actor: Actor, expected_version: int | None = None
) -> Notified:
    """Claim the session, ask Horizon, and process what the transaction brings. Several transactions; never in one.

    pending -> processing is committed before the call, so that a process that dies leaves a session which the
    reconciler asks about. A hash that no ledger holds yet leaves it processing. Raises NotFound, Invalid (422),
    Conflicted (409: the session is at another version than `expected_version`), HorizonAway (503).
    """
    tx_hash = tx_hash.strip().lower()
    if not _HASH.fullmatch(tx_hash):
        raise Invalid("A hash is 64 hexadecimal digits.", field="tx_hash", code="invalid")
    session = get_session(session_id)
    require_version(session, expected_version)
    known = Receipt.objects.filter(tx_hash=tx_hash, session=session)
    seen = [Processed(one.pk, session.pk, one.status, one.reason, is_new=False) for one in known]
    if not seen:
        _claim(session, tx_hash, actor)
        operations = operations_for(session.account, tx_hash, quick=True)
        if operations is None:
            return Notified("pending", "not_on_the_ledger_yet", get_session(session_id))
        seen = [process_operation(operation=one, actor=actor) for one in operations]
        release(session.pk, tx_hash, actor, reason="its transaction pays something else")
    result, reason = _result([one for one in seen if one.session_id == session.pk])
    return Notified(result, reason, get_session(session_id))


def _claim(session: CheckoutSession, tx_hash: str, actor: Actor) -> None:
    if session.status == SessionStatus.PENDING:
        # Losing this to anybody is fine: the operation is judged by the session as it is then.
        change_status(
            CheckoutSession,
            session.pk,
            believed=SessionStatus.PENDING,
            to=SessionStatus.PROCESSING,
            actor=actor,
            reason=f"transaction {tx_hash} was named",
            changes={"claimed_tx_hash": tx_hash},
            audit_loss=False,
        )


def release(session_id: int, tx_hash: str, actor: Actor, *, reason: str) -> bool:
    """Processing -> pending, if it is still processing because of this hash. Own transaction."""
    result = change_status(
        CheckoutSession,
        session_id,
        believed=SessionStatus.PROCESSING,
        to=SessionStatus.PENDING,
        actor=actor,
        reason=reason,
        also={"claimed_tx_hash": tx_hash},
        audit_loss=False,
    )
    return isinstance(result, Won)


def _result(mine: Sequence[Processed]) -> tuple[Result, str]:
    if not mine:
        return "rejected", "not_for_this_session"
    applied = [one for one in mine if one.state == ReceiptState.APPLIED]
    if applied:
        return ("applied" if any(one.is_new for one in applied) else "duplicate"), ""
    first = mine[0]
    if first.reason == "already_paid":
        return "already_paid", first.reason
    return "rejected", first.reason
