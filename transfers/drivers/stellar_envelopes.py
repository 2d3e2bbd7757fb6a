"""One envelope against the ledger: sent, sent again, found, or proven absent. Stellar reference, 8.3 to 8.8 and 8a.

Nothing here knows of transfers. Each function is safe at any moment and any number of times: the same bytes pay once,
a look changes nothing, and a final state is written only over a live one.
"""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from rails.answers import Done, NotNow, Unclear, Unreachable
from rails.horizon_values import LedgerOperation, LedgerState, LedgerTransaction
from transfers.drivers.stellar_steps import RAIL, ladder, turn
from transfers.models import StellarEnvelope
from transfers.pace import hold_back
from transfers.rail_access import horizon_rail
from transfers.switches import paused_condition

# Horizon's nodes refuse what is about to expire (two ledgers and some drift), so later posts are useless.
_LAST_POST_SECONDS = 15
HELD = "Stellar is paused here: it is not offered"
# Times that an absence must be seen, apart from each other: two answers may come from two nodes.
_ABSENT_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """What was learned about a live envelope. `reached`: the ledger was asked and does not hold it so far.

    `untouched`: no call of ours ever handed it to the network.
    """

    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    reached: bool = False
    untouched: bool = False
    history_is_cut: bool = False


def hold(envelope: StellarEnvelope) -> bool:
    """The right to ask about it now; False while somebody else does, or when it is final."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_stellarenvelope "
            "SET check_due_at = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND state IN ('prepared', 'sent') AND check_due_at <= clock_timestamp()",
            [settings.LEASE_SECONDS, envelope.pk],
        )
        return bool(cursor.rowcount == 1)


def let_go(envelope: StellarEnvelope, seconds: float) -> None:
    """The next look is due in so many seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_stellarenvelope "
            "SET check_due_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
            [seconds, envelope.pk],
        )


def send(envelope: StellarEnvelope) -> Standing | None:
    """Offer the stored bytes once more, written down before; None when it is final then. Waits for a turn."""
    if _is_elsewhere(envelope):
        return _ELSEWHERE
    turn()
    if not _commit_send(envelope):
        return Standing(HELD, untouched=envelope.send_count == 0) if envelope.is_live else None
    answer = horizon_rail().submit(envelope.signed_xdr)
    match answer:
        case Done(value=found):
            return settle(envelope, found)
        case NotNow(reason, seconds, evidence):
            if evidence.get("http_status") == 429:
                hold_back(RAIL, seconds)
            return Standing(reason, evidence, untouched=envelope.send_count == 1)
        case Unclear(reason, evidence=evidence):
            if evidence.get("http_status") == 400:
                _keep_refusal(envelope, evidence)
            return Standing(reason, evidence)


def ask(envelope: StellarEnvelope, *, may_send: bool = True) -> Standing | None:
    """Look for it; offer it again while that can help, if it `may_send`; None when it is final then.

    The state of the ledger is read before the transaction, so that an absence is younger than what it rests on.
    """
    if _is_elsewhere(envelope):
        return _ELSEWHERE
    rail = horizon_rail()
    turn()
    state = rail.state()
    if isinstance(state, Unreachable):
        return Standing(f"Horizon could not be asked: {state.reason}")
    turn()
    found = rail.transaction(envelope.hash)
    if isinstance(found, Unreachable):
        return Standing(f"Horizon could not be asked: {found.reason}")
    if found.value is not None:
        return settle(envelope, found.value)
    evidence = {**found.evidence, **state.value.evidence()}
    if may_send and state.value.closed_at < envelope.max_time - _LAST_POST_SECONDS:
        return send(envelope)
    return _absent(envelope, state.value, evidence)


_ELSEWHERE = Standing("it was signed for another network than this Horizon serves")


def _is_elsewhere(envelope: StellarEnvelope) -> bool:
    """What another network does not hold proves nothing about the one that it was signed for."""
    return envelope.network_passphrase != horizon_rail().network_passphrase


def _absent(
    envelope: StellarEnvelope, state: LedgerState, evidence: dict[str, Any]
) -> Standing | None:
    if not deadline_is_past(envelope, state):
        return Standing("it is not in the ledger so far", evidence, reached=True)
    if state.elder >= envelope.signed_at_ledger:
        reason = "Horizon's history does not reach back to it"
        return Standing(reason, evidence, history_is_cut=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_stellarenvelope SET absent_looks = absent_looks + 1 "
            "WHERE id = %s RETURNING absent_looks",
            [envelope.pk],
        )
        (looks,) = cursor.fetchone()
    if looks < _ABSENT_LOOKS:
        return Standing("its time is over and it is not in the ledger", evidence, reached=True)
    proof = {**evidence, "max_time": envelope.max_time, "looks": looks}
    _finish(envelope, "expired", proof=proof)
    return None


def deadline_is_past(envelope: StellarEnvelope, state: LedgerState) -> bool:
    """Has this Horizon ingested a ledger that closed after `max_time`, by the margin? Only then is absence final."""
    latest = envelope.max_time + int(settings.STELLAR_PROOF_MARGIN_SECONDS)
    return state.closed_at > latest


def settle(envelope: StellarEnvelope, found: LedgerTransaction) -> Standing | None:
    """A ledger holds it: write down how it ended. For a paid one also what each operation moved, which is read."""
    if found.hash != envelope.hash:
        return Standing(f"Horizon answered with another transaction ({found.hash})")
    result: dict[str, Any] = {
        "code": found.code,
        "operation_codes": list(found.operation_codes),
    }
    if not found.successful:
        _finish(envelope, "applied_failed", found=found, result=result)
        return None
    turn()
    read = horizon_rail().operations(envelope.hash)
    if isinstance(read, Unreachable):
        return Standing(f"it is in the ledger, and its operations could not be read: {read.reason}")
    if read.value is None:
        return Standing("it is in the ledger, and its operations are not listed yet", reached=True)
    result["operations"] = {str(one.index): moved(one) for one in read.value}
    _finish(envelope, "applied_ok", found=found, result=result)
    return None


def moved(operation: LedgerOperation) -> dict[str, Any]:
    """What is kept of one operation, as the ledger tells it."""
    return {
        "to": operation.to_muxed or operation.to,
        "asset": operation.currency,
        "stroops": operation.stroops,
        "kind": operation.kind,
    }


def next_look(envelope: StellarEnvelope) -> float:
    """Seconds until it is asked about again."""
    return ladder(max(envelope.send_count - 1, 0))


def _commit_send(envelope: StellarEnvelope) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE transfers_stellarenvelope
            SET state = 'sent', send_count = send_count + 1, last_sent_at = clock_timestamp(),
                first_sent_at = coalesce(first_sent_at, clock_timestamp())
            WHERE id = %s AND state IN ('prepared', 'sent') AND NOT {paused_condition(f"'{RAIL}'")}
            """,
            [envelope.pk],
        )
        sent = bool(cursor.rowcount == 1)
    envelope.refresh_from_db()
    return sent


def _keep_refusal(envelope: StellarEnvelope, evidence: dict[str, Any]) -> None:
    StellarEnvelope.objects.filter(pk=envelope.pk).update(last_refusal=evidence)


def _finish(
    envelope: StellarEnvelope,
    state: str,
    *,
    found: LedgerTransaction | None = None,
    result: dict[str, Any] | None = None,
    proof: dict[str, Any] | None = None,
) -> None:
    changes: dict[str, Any] = {"state": state, "proof": proof, "result": result or {}}
    if found is not None:
        changes |= {"ledger": found.ledger, "result_xdr": found.result_xdr}
    live = StellarEnvelope.objects.filter(pk=envelope.pk, state__in=("prepared", "sent"))
    live.update(**changes, resolved_at=Now())
    envelope.refresh_from_db()
