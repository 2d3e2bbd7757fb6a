"""Who goes into one transaction: a claimed transfer, and others that are due now and fit.

A transaction has one memo, so only payments with the same one go together. Each companion is claimed like any other
transfer, under its payout's job key; whoever cannot be claimed stays where it is.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog
from django.db import connection

from audit.actor import Actor
from guard.idempotency import Started
from rails.horizon_values import MOST_PAYMENTS, Memo, PaymentOrder, stroops_of
from transfers.claim import Claim, claim_due, claim_pending
from transfers.drivers.stellar_check import REFUSALS
from transfers.drivers.stellar_steps import RAIL, Member
from transfers.jobs import begin_job, end_job, has_job
from transfers.models import Transfer, TransferStatus
from transfers.rail_access import stellar_treasury
from transfers.services.record_answer import record_failed
from transfers.sources import source_of
from transfers.stellar_assets import asset_of

log = structlog.get_logger(__name__)

# Due now, nothing signed for the open attempt, not to go alone, and whatever was ever signed for it is proven dead and
# was signed under this channel's numbers.
_DUE = """
    SELECT transfer.id FROM transfers_transfer AS transfer
    WHERE transfer.due_at <= clock_timestamp() AND transfer.rail = 'stellar' AND transfer.id <> %(leader)s
        AND (transfer.status = 'pending' OR transfer.status = 'processing' AND EXISTS (
            SELECT 1 FROM transfers_transferattempt AS attempt
            WHERE attempt.transfer_id = transfer.id AND attempt.outcome IN ('live', 'unknown')
                AND attempt.funding_reference = '' AND NOT attempt.progress ? 'alone'))
        AND NOT EXISTS (
            SELECT 1 FROM transfers_transferattempt AS attempt
            JOIN transfers_stellarpayment AS payment ON payment.attempt_id = attempt.id
            JOIN transfers_stellarenvelope AS envelope ON envelope.id = payment.envelope_id
            WHERE attempt.transfer_id = transfer.id
                AND (envelope.source <> %(channel)s OR envelope.state NOT IN ('expired', 'applied_failed')))
    ORDER BY transfer.due_at LIMIT %(most)s
"""


def member_of(claim: Claim, actor: Actor) -> Member | None:
    """What is to be signed for it; None when that cannot be, which is recorded as its failure."""
    found = _order_of(claim.transfer)
    if isinstance(found, str):
        record_failed(claim, found, REFUSALS[found], {}, actor=actor)
        return None
    return Member(claim, *found)


def _order_of(transfer: Transfer) -> tuple[PaymentOrder, Memo] | str:
    """The payment and its memo, or why there can be none."""
    source = source_of(transfer)
    details = source.recipient_details(transfer) if source is not None else {}
    asset = asset_of(transfer.currency)
    if not asset:
        return "asset_unknown"
    order = PaymentOrder(str(details.get("address") or ""), asset, stroops_of(transfer.amount))
    memo = Memo(str(details.get("memo") or ""), str(details.get("returns") or ""))
    if details.get("type") != RAIL or not stellar_treasury().can_sign(order) or not memo.is_valid:
        return "recipient_unsupported"  # fmt: skip
    return order, memo


@contextmanager
def companions(leader: Member, channel: str, actor: Actor) -> Iterator[list[Member]]:
    """Others for the same transaction, claimed, with their jobs held until the end of the block."""
    if leader.claim.attempt.progress.get("alone"):
        yield []
        return
    with ExitStack() as jobs:
        members = []
        for transfer in _due(leader, channel):
            try:
                member = _join(transfer, leader.memo, jobs, actor)
            except Exception:
                # One transfer's trouble spoils nobody else's payment; its own turn will say what it is.
                log.exception("transfers.cannot_join", transfer=transfer.pk)
                continue
            if member is not None:
                members.append(member)
        yield members


def _due(leader: Member, channel: str) -> list[Transfer]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {"leader": leader.claim.transfer.pk, "channel": channel, "most": MOST_PAYMENTS - 1},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Transfer.objects.filter(pk__in=ids).order_by("pk"))


def _join(transfer: Transfer, memo: Memo, jobs: ExitStack, actor: Actor) -> Member | None:
    found = _order_of(transfer)
    if isinstance(found, str) or found[1] != memo:
        return None
    if has_job(transfer):
        started = begin_job(transfer)
        if not isinstance(started, Started):
            return None
        jobs.callback(end_job, transfer.pk, started)
    is_new = transfer.status == TransferStatus.PENDING
    claim = (claim_pending if is_new else claim_due)(transfer, actor=actor)
    # Taken up between the look and the claim, it may have been signed for.
    if claim is None or claim.attempt.funding_reference:
        return None
    return Member(claim, *found)
