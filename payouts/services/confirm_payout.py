"""Approved twice, paid once: prove from the rail's books that there is one payment, and close what was open."""

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid
from payouts.errors import ObligationLive
from payouts.one_payment import OnePayment, Verdict, look_for_one
from payouts.selectors import get_payout, transfer_of
from transfers.models import Transfer
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.raise_finding import raise_finding
from transfers.services.resolve_finding import resolve_finding
from transfers.services.take_back import take_back

_PROVEN = (Verdict.ONE, Verdict.ONE_AND_STRAYS)


def confirm_payout(*, payout_id: int, reason: str, actor: Actor) -> OnePayment:
    """The proof, written into the audit log, with every finding that it answers resolved. Not in a transaction.

    What the rail proves is applied to the transfer, and payments of the debt that nobody funded are cancelled at the
    rail. A second run with nothing new changes nothing. Raises NotFound, Invalid (422), RailUnavailable (503),
    Conflicted (409: never approved), ObligationLive (409: none, or more than one; several are a finding).
    """
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    proof = look_for_one(payout_id)
    transfer = transfer_of(payout_id)
    if transfer is None or proof.verdict not in _PROVEN:
        raise _refused(payout_id, proof, actor)
    if is_closed(proof, transfer):
        return proof
    for stray in proof.strays:
        take_back(
            rail=transfer.rail,
            subject=f"transfer:{transfer.pk}",
            reference=stray,
            reason=reason.strip(),
            actor=actor,
        )
    if proof.strays:
        proof = look_for_one(payout_id)
        if proof.verdict != Verdict.ONE:
            raise _refused(payout_id, proof, actor)
    confirm_transfer(transfer_id=transfer.pk, actor=actor)
    _close(payout_id, proof, reason.strip(), actor)
    return look_for_one(payout_id)


def is_closed(proof: OnePayment, transfer: Transfer) -> bool:
    """Was it proven before, with nothing open since?"""
    is_quiet = not proof.findings and not proof.strays
    return bool(proof.closed_by) and is_quiet and transfer.rail_reference == proof.reference


def _close(payout_id: int, proof: OnePayment, reason: str, actor: Actor) -> None:
    status = get_payout(payout_id).status
    for finding in proof.findings:
        resolve_finding(
            finding_id=finding,
            resolution="explained",
            note=f"{reason}. {proof.text}"[:2_000],
            actor=actor,
        )
    record(
        Note(
            f"payout:{payout_id}",
            "payout.confirmed",
            actor,
            prior_status=status,
            new_status=status,
            reason=reason,
            snapshot={
                "approvals": proof.approvals,
                "keys": proof.keys,
                "rail_reference": proof.reference,
                "findings": proof.findings,
                **proof.evidence,
            },
        )
    )


def _refused(payout_id: int, proof: OnePayment, actor: Actor) -> ObligationLive:
    transfer = transfer_of(payout_id)
    if proof.verdict == Verdict.SEVERAL and transfer is not None:
        raise_finding(
            subject=f"transfer:{transfer.pk}",
            kind="moved_twice",
            detail=proof.text,
            actor=actor,
            evidence=proof.evidence,
        )
    record(
        Note(
            f"payout:{payout_id}",
            "payout.confirmed",
            actor,
            outcome="conflict",
            reason=proof.text,
            snapshot={"verdict": proof.verdict.value, **proof.evidence},
        )
    )
    return ObligationLive(proof.text, verdict=proof.verdict.value)
