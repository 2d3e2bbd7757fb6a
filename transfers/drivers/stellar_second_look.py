"""A last look before a debt is signed for again: was what was proven absent taken after all?

A proof of absence is as good as the Horizon that gave it; behind one address there may be several, one of them far
behind. So where the channel's number has been used and none of our transactions is known to have used it, the hash is
asked for once more: whoever shows the used number has ingested the ledger that used it.
"""

from django.conf import settings
from django.db.models import Exists, OuterRef

from audit.actor import Actor
from rails.answers import Unreachable
from rails.horizon_values import LedgerAccount
from transfers.claim import Claim
from transfers.drivers.stellar_steps import Member, turn, wait
from transfers.models import EnvelopeState, StellarEnvelope
from transfers.rail_access import horizon_rail
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_unknown

_APPLIED = (EnvelopeState.APPLIED_OK, EnvelopeState.APPLIED_FAILED)


def without_paid(members: list[Member], channel: LedgerAccount, actor: Actor) -> list[Member]:
    """Those for whom nothing that expired turns out to be paid; for the others it is recorded, and a finding raised."""
    return [
        member
        for member in members
        if member.claim.attempt.number == 1 or not _is_paid(member, channel, actor)
    ]


def _is_paid(member: Member, channel: LedgerAccount, actor: Actor) -> bool:
    for envelope in _suspicious(member, channel):
        turn()
        found = horizon_rail().transaction(envelope.hash)
        if isinstance(found, Unreachable):
            wait(member.claim, "unreachable", actor, said=found.reason)
            return True
        if found.value is not None and found.value.successful:
            raise_finding(
                subject=f"transfer:{member.claim.transfer.pk}",
                kind="proof_was_wrong",
                detail=f"{envelope.hash} was proven absent, and a ledger holds it: it is paid. Nothing more is sent.",
                actor=actor,
                evidence={"hash": envelope.hash, "proof": envelope.proof, **found.evidence},
            )
            was_paid_before(member.claim, envelope, actor)
            return True
    return False


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
