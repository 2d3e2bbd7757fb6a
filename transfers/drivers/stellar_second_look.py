"""A last look before a debt is signed for again: was what was proven absent taken after all?

A proof of absence is as good as the Horizon that gave it; behind one address there may be several, one of them far
behind. So where the channel's number has been used and none of our transactions is known to have used it, the hash is
asked for once more: whoever shows the used number has ingested the ledger that used it. What was signed for a debt that
this one replaces is always asked for.
"""

from django.conf import settings
from django.db.models import Exists, OuterRef

from audit.actor import Actor
from rails.answers import Done, Unreachable
from rails.horizon_values import LedgerAccount, LedgerTransaction
from transfers.claim import Claim
from transfers.drivers.stellar_steps import Member, turn, wait
from transfers.models import EnvelopeState, StellarEnvelope
from transfers.policy import EARLIER_MOVED
from transfers.rail_access import horizon_rail
from transfers.replaced import replaced_by
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_failed, record_unknown

_APPLIED = (EnvelopeState.APPLIED_OK, EnvelopeState.APPLIED_FAILED)


def without_paid(members: list[Member], channel: LedgerAccount, actor: Actor) -> list[Member]:
    """Those for whom nothing that expired turns out to be paid; for the others it is recorded, and a finding raised."""
    return [
        member
        for member in members
        if not _is_paid(member, channel, actor) and not _replaces_paid(member, actor)
    ]


def _is_paid(member: Member, channel: LedgerAccount, actor: Actor) -> bool:
    if member.claim.attempt.number == 1:
        return False
    for envelope in _suspicious(member, channel):
        found = _ask(member, envelope, actor)
        if found is None:
            return True
        if _holds(found):
            _raise(member, envelope, found, actor)
            was_paid_before(member.claim, envelope, actor)
            return True
    return False


def _replaces_paid(member: Member, actor: Actor) -> bool:
    """Whatever channel it was signed for: a person asked for each successor, so there are few to ask about."""
    replaced = replaced_by(member.claim.transfer)
    if not replaced:
        return False
    expired = StellarEnvelope.objects.filter(
        payments__attempt__transfer__in=replaced, state=EnvelopeState.EXPIRED
    )
    for envelope in expired.distinct():
        found = _ask(member, envelope, actor)
        if found is None:
            return True
        if _holds(found):
            _raise(member, envelope, found, actor)
            record_failed(
                member.claim,
                EARLIER_MOVED,
                f"{envelope.hash} paid what this one replaces, so this one sent nothing.",
                found.evidence,
                actor=actor,
            )
            return True
    return False


def _ask(
    member: Member, envelope: StellarEnvelope, actor: Actor
) -> Done[LedgerTransaction | None] | None:
    """None when Horizon could not be asked: then it waits."""
    turn()
    found = horizon_rail().transaction(envelope.hash)
    if isinstance(found, Unreachable):
        wait(member.claim, "unreachable", actor, said=found.reason)
        return None
    return found


def _holds(found: Done[LedgerTransaction | None]) -> bool:
    return found.value is not None and found.value.successful


def _raise(
    member: Member,
    envelope: StellarEnvelope,
    found: Done[LedgerTransaction | None],
    actor: Actor,
) -> None:
    raise_finding(
        subject=f"transfer:{member.claim.transfer.pk}",
        kind="proof_was_wrong",
        detail=f"{envelope.hash} was proven absent, and a ledger holds it: it is paid. Nothing more is sent.",
        actor=actor,
        evidence={"hash": envelope.hash, "proof": envelope.proof, **found.evidence},
    )


def was_paid_before(claim: Claim, envelope: StellarEnvelope, actor: Actor) -> None:
    """What was closed or proven absent here is paid: unknown, so that two people can say that this is the payment."""
    progress = {name: said for name, said in claim.attempt.progress.items() if name != "waiting"}
    record_unknown(
        claim,
        f"{envelope.hash} is paid although it counted as dead here",
        {"hash": envelope.hash},
        actor=actor,
        # Nothing more is learned by asking.
        delay_seconds=max(settings.PROBE_DELAYS_SECONDS),
        progress=progress,
    )


def _suspicious(member: Member, channel: LedgerAccount) -> list[StellarEnvelope]:
    known = StellarEnvelope.objects.filter(
        network_passphrase=OuterRef("network_passphrase"),
        source=OuterRef("source"),
        sequence=OuterRef("sequence"),
        state__in=_APPLIED,
    )
    expired = StellarEnvelope.objects.filter(
        payments__attempt__transfer=member.claim.transfer,
        state=EnvelopeState.EXPIRED,
        source=channel.id,
        sequence__lte=channel.sequence,
    )
    return list(expired.exclude(Exists(known)))
