"""What an envelope's end means for each transfer in it. Its state is in the database: nothing is asked here."""

from typing import Any, Final

from django.db import connection

from audit.actor import Actor
from rails.answers import Moved, Movement
from rails.horizon_values import minor_of
from transfers.claim import Claim
from transfers.drivers.stellar_check import REFUSALS
from transfers.drivers.stellar_envelopes import HELD, Standing, next_look
from transfers.drivers.stellar_steps import BUSY, BUSY_SECONDS, wait
from transfers.models import EnvelopeState, StellarEnvelope, StellarPayment, Transfer
from transfers.policy import transfer_group
from transfers.services.next_attempt import next_attempt
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_answer, record_failed, record_unknown
from transfers.services.settle_movement import settle_movement
from transfers.switches import PAUSED
from transfers.wake import wake_after_commit

# Envelopes of one debt that may die without anybody being asked.
_MOST_TRIES: Final = 3
_TREASURYS: Final = frozenset({"op_underfunded", "op_src_no_trust", "op_src_not_authorized"})
_INNOCENT: Final = "op_success"


def conclude(
    claim: Claim, envelope: StellarEnvelope, standing: Standing | None, actor: Actor
) -> None:
    """Record what is proven for this transfer; an envelope that is still alive is asked about again."""
    payment = claim.attempt.stellar_payment
    match envelope.state:
        case EnvelopeState.APPLIED_OK:
            evidence = {"hash": envelope.hash, "ledger": envelope.ledger, "successful": True}
            moved = Moved(movement_of(claim.transfer, payment, envelope), evidence)
            record_answer(claim, moved, actor=actor)
        case EnvelopeState.APPLIED_FAILED:
            _failed_in_ledger(claim, envelope, payment, actor)
        case EnvelopeState.EXPIRED:
            _proven_absent(claim, envelope, actor)
        case _:
            _ask_again(claim, envelope, standing, actor)


def movement_of(transfer: Transfer, payment: StellarPayment, envelope: StellarEnvelope) -> Movement:
    """The operation of this payment as the ledger holds it, in the transfer's currency if it is the asset meant."""
    moved = envelope.result["operations"].get(str(payment.operation_index), {})
    return movement(transfer, payment, moved)


def movement(transfer: Transfer, payment: StellarPayment, moved: dict[str, Any]) -> Movement:
    """`moved`: to, asset, stroops and kind of one operation; anything but what was signed shows in the movement."""
    is_ours = moved.get("kind") == "payment" and moved.get("asset") == payment.asset
    minor = minor_of(moved["stroops"], transfer.currency) if is_ours else None
    return Movement(
        reference=payment.attempt.funding_reference,
        amount_minor=-1 if minor is None else minor,
        currency=transfer.currency if is_ours else str(moved.get("asset")),
        destination=str(moved.get("to")),
        group=transfer_group(transfer),
    )


def _failed_in_ledger(
    claim: Claim, envelope: StellarEnvelope, payment: StellarPayment, actor: Actor
) -> None:
    codes = envelope.result["operation_codes"]
    place = payment.operation_index - 1
    code = codes[place] if place < len(codes) else ""
    evidence = {
        "hash": envelope.hash,
        "ledger": envelope.ledger,
        "successful": False,
        "code": envelope.result["code"],
        "operation_code": code,
    }
    if code and code != _INNOCENT and code not in _TREASURYS:
        message = REFUSALS.get(code, f"The ledger refused it: {code}.")
        record_failed(claim, code, message, evidence, actor=actor)
        return
    why = "another payment of its transaction failed" if code == _INNOCENT else "the ledger took it"
    reason = f"{why} ({code or envelope.result['code']}); nothing was paid"
    _try_again(claim, code or str(envelope.result["code"]), reason, evidence, actor)


def _proven_absent(claim: Claim, envelope: StellarEnvelope, actor: Actor) -> None:
    refusal = envelope.last_refusal
    evidence = {
        "hash": envelope.hash,
        "proof": envelope.proof,
        "sends": envelope.send_count,
        "last_refusal": refusal,
    }
    code = str(refusal.get("code") or "not_executed")
    reason = "its time is over and no ledger holds it; nothing was paid"
    _try_again(claim, code, reason, evidence, actor)


def _try_again(
    claim: Claim, code: str, reason: str, evidence: dict[str, Any], actor: Actor
) -> None:
    tries = claim.attempt.progress.get("tries", 0) + 1
    if tries >= _MOST_TRIES:
        code = "not_executed" if code == _INNOCENT else code
        record_failed(
            claim, code, REFUSALS.get(code, REFUSALS["not_executed"]), evidence, actor=actor
        )
        return
    # From the second time on it goes alone, so that what is wrong with it is its own.
    progress = {"tries": tries, **({"alone": True} if tries > 1 else {})}
    next_attempt(claim, reason, evidence, progress=progress, actor=actor)


def _ask_again(
    claim: Claim, envelope: StellarEnvelope, standing: Standing | None, actor: Actor
) -> None:
    delay = next_look(envelope)
    if standing is None:
        # Somebody else asks at this moment; what they learn is in the envelope.
        standing = Standing("it is being asked about")
        delay = max(delay, 1.0)
    if standing.untouched:
        code = PAUSED if standing.reason == HELD else "not_taken"
        wait(
            claim, code, actor, said=standing.reason, seconds=delay, evidence=standing.evidence
        )  # fmt: skip
        return
    if standing.history_is_cut:
        raise_finding(
            subject=f"transfer:{claim.transfer.pk}",
            kind="history_cut",
            detail=f"This Horizon's history begins after {envelope.hash} was signed, so it cannot prove an absence.",
            actor=actor,
            evidence=standing.evidence,
        )
    record_unknown(
        claim,
        standing.reason,
        {"hash": envelope.hash, **standing.evidence},
        actor=actor,
        checked=standing.reached,
        delay_seconds=delay,
    )


def tell_the_closed(envelope: StellarEnvelope, actor: Actor) -> None:
    """It paid although people had closed an attempt in it: a finding for each, and nobody is paid again for it."""
    if envelope.state != EnvelopeState.APPLIED_OK:
        return
    closed = envelope.payments.filter(attempt__outcome="failed").select_related("attempt__transfer")
    for payment in closed:
        transfer = payment.attempt.transfer
        settle_movement(
            transfer_id=transfer.pk,
            movement=movement_of(transfer, payment, envelope),
            evidence={"hash": envelope.hash, "ledger": envelope.ledger},
            actor=actor,
        )


def make_others_due(envelope: StellarEnvelope, claims: list[Claim]) -> None:
    """An envelope has ended: the other transfers in it learn of it now, and one that waited for a channel as well."""
    mine = [claim.transfer.pk for claim in claims]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_transfer SET due_at = clock_timestamp() WHERE status = 'processing' AND id IN (
                SELECT attempt.transfer_id FROM transfers_stellarpayment AS payment
                JOIN transfers_transferattempt AS attempt ON attempt.id = payment.attempt_id
                WHERE payment.envelope_id = %s AND attempt.outcome IN ('live', 'unknown')) AND id <> ALL(%s)
            RETURNING id
            """,
            [envelope.pk, mine],
        )
        members = [row[0] for row in cursor.fetchall()]
        # The due ones are gathered by whoever comes first; a lease is longer than the time that a wait may have left.
        cursor.execute(
            """
            UPDATE transfers_transfer AS transfer SET due_at = clock_timestamp()
            FROM transfers_transferattempt AS attempt
            WHERE transfer.status = 'processing' AND transfer.rail = 'stellar'
                AND transfer.due_at <= clock_timestamp() + make_interval(secs => %s)
                AND attempt.transfer_id = transfer.id AND attempt.outcome = 'live'
                AND attempt.progress #>> '{waiting,code}' = %s
            RETURNING transfer.id
            """,
            [BUSY_SECONDS, BUSY],
        )
        waiting = [row[0] for row in cursor.fetchall()]
    wake_after_commit([*members, *waiting[:1]])
