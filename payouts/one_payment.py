"""Is there exactly one payment for this payout at its rail? Read from the audit log and the rail's books alone."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from audit.models import Entry
from guard.errors import Conflicted
from payouts.selectors import get_payout, open_findings, transfer_of
from transfers.census import take_census
from transfers.drivers.protocol import Census
from transfers.models import Transfer, TransferStatus

_HERE = (TransferStatus.PROCESSING, TransferStatus.SUCCESS)


class Verdict(StrEnum):
    """What the rail's books come to."""

    ONE = "one"
    ONE_AND_STRAYS = "one_and_strays"
    NONE = "none"
    SEVERAL = "several"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class OnePayment:
    """`approvals`: how often somebody approved, or tried to. `strays`: unfunded ones that still could be."""

    verdict: Verdict
    text: str
    approvals: int
    keys: list[str]
    reference: str
    strays: list[str]
    findings: list[int]
    evidence: dict[str, Any] = field(default_factory=dict)
    closed_by: str = ""


def look_for_one(payout_id: int) -> OnePayment:
    """What can be proven now. HTTP reads, so not in a transaction; changes nothing.

    Raises NotFound, Conflicted (409: it was never approved), RailUnavailable (503), NotStoppable (409: nobody can
    search this rail).
    """
    payout, transfer = get_payout(payout_id), transfer_of(payout_id)
    if transfer is None:
        raise Conflicted(
            f"It is {payout.status} and was never approved: there is nothing to prove."
        )
    found = take_census(
        rail=payout.rail, transfer=transfer, source_id=payout.pk, since=payout.created_at
    )
    approvals = Entry.objects.filter(
        subject=f"payout:{payout_id}", action="payout.approved", outcome__in=("won", "conflict")
    ).count()
    ours = _ours(transfer)
    strays = [one.reference for one in found.open if one.reference not in ours]
    verdict = _verdict(transfer, found, ours, strays)
    live = [one.reference for one in found.live]
    keys = sorted({one.key for one in found.found if one.moved})
    return OnePayment(
        verdict=verdict,
        text=_text(verdict, transfer, found, approvals, strays),
        approvals=approvals,
        keys=keys,
        reference=live[0] if len(live) == 1 else "",
        strays=strays,
        findings=[finding.pk for finding in open_findings(payout_id, CLOSED_BY_PROOF)],
        evidence=found.evidence,
        closed_by=_closed_by(payout_id),
    )


# Disagreements that end with the proof that there is one payment, and that it is this one.
CLOSED_BY_PROOF = ("moved_twice", "approved_twice", "paid_twice_suspected", "movement_missing")


def _ours(transfer: Transfer) -> set[str]:
    named = transfer.attempts.exclude(outcome="failed").exclude(funding_reference="")
    return {transfer.rail_reference, *named.values_list("funding_reference", flat=True)} - {""}


def _verdict(transfer: Transfer, found: Census, ours: set[str], strays: list[str]) -> Verdict:
    if not found.live:
        return Verdict.NONE
    if len(found.live) > 1:
        return Verdict.SEVERAL
    if transfer.status not in _HERE or found.live[0].reference not in ours:
        return Verdict.NOT_OURS
    return Verdict.ONE_AND_STRAYS if strays else Verdict.ONE


def _text(
    verdict: Verdict, transfer: Transfer, found: Census, approvals: int, strays: list[str]
) -> str:
    live = ", ".join(one.reference for one in found.live)
    asked = f"{approvals} approval{'' if approvals == 1 else 's'}"
    if verdict == Verdict.SEVERAL:
        return (
            f"{asked}, and {len(found.live)} payments whose money is out: {live}. Have one of them taken back at the "
            "rail, then run this again."
        )
    if verdict == Verdict.NONE:
        return f"{asked}, and no payment at the rail whose money is out. There is nothing to close."
    if verdict == Verdict.NOT_OURS:
        return f"{asked}; {live} is out, but the transfer here is {transfer.status}. Cancel it at the rail first."
    text = f"{asked}, one idempotency key, one payment at the rail: {live}."
    if strays:
        text += f" Not funded beside it: {', '.join(strays)}; that is cancelled, so that nobody can fund it."
    return text


def _closed_by(payout_id: int) -> str:
    entry = (
        Entry.objects.filter(
            subject=f"payout:{payout_id}", action="payout.confirmed", outcome="noted"
        )
        .order_by("-seq")
        .first()
    )
    return entry.actor_name if entry is not None else ""
