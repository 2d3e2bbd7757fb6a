"""Signing: the envelope, the payments in it and what each attempt may fund are one commit, before anything is sent.

Whoever lost the lease on a transfer meanwhile has it left out, and so is a debt for which anything was ever signed that
is not proven dead. Whoever lost the channel signs nothing, and nobody does while the rail is paused.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.db import connection, transaction

from rails.horizon_values import LedgerState, operation_reference
from transfers.claim import Claim, call_until
from transfers.drivers.stellar_channels import ChannelLease
from transfers.drivers.stellar_steps import Member
from transfers.models import StellarEnvelope, StellarPayment, TransferAttempt
from transfers.rail_access import horizon_rail, stellar_treasury
from transfers.switches import paused_condition

_HOLD = f"""
    UPDATE transfers_transfer AS transfer
    SET due_at = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM (
        SELECT held.id FROM transfers_transfer AS held
        JOIN unnest(%(ids)s::bigint[], %(fences)s::int[]) AS mine(id, fence)
            ON held.id = mine.id AND held.fence = mine.fence
        WHERE held.status = 'processing' AND held.due_at > clock_timestamp()
            AND NOT {paused_condition("held.rail")} AND NOT EXISTS (
            SELECT 1 FROM transfers_transferattempt AS attempt
            JOIN transfers_stellarpayment AS payment ON payment.attempt_id = attempt.id
            JOIN transfers_stellarenvelope AS envelope ON envelope.id = payment.envelope_id
            WHERE attempt.transfer_id = held.id AND envelope.state NOT IN ('expired', 'applied_failed'))
        ORDER BY held.id FOR NO KEY UPDATE OF held) AS locked
    WHERE transfer.id = locked.id
    RETURNING transfer.id
"""
_FUND = """
    UPDATE transfers_transferattempt AS attempt
    SET funding_reference = signed.reference, answered = false, send_count = attempt.send_count + 1,
        probe_count = 0, last_sent_at = clock_timestamp(), progress = attempt.progress - 'waiting'
    FROM unnest(%(ids)s::bigint[], %(references)s::text[]) AS signed(id, reference)
    WHERE attempt.id = signed.id
"""


def commit_envelope(
    members: Sequence[Member], lease: ChannelLease, *, sequence: int, state: LedgerState
) -> tuple[StellarEnvelope, list[Claim]] | None:
    """Sign the payments of `members` under `sequence`, and write all of it down; None when the leases were lost.

    `max_time` counts from the last ledger's close: it is compared with that clock, never with ours. Own transaction.
    Raises IntegrityError where an envelope of this channel, this number or one of these debts is alive.
    """
    deadline = call_until()
    with transaction.atomic():
        if not _holds_channel(lease):
            return None
        held = _hold(members)
        signing = [member for member in members if member.claim.transfer.pk in held]
        if not signing:
            return None
        envelope = _sign(signing, lease, sequence, state)
        _write_payments(signing, envelope)
    attempts = TransferAttempt.objects.select_related("stellar_payment").in_bulk(
        [member.claim.attempt.pk for member in signing]
    )
    claims = [
        replace(m.claim, attempt=attempts[m.claim.attempt.pk], call_until=deadline) for m in signing
    ]
    return envelope, claims


def _holds_channel(lease: ChannelLease) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM transfers_stellarchannel WHERE id = %s AND fence = %s "
            "AND held_until > clock_timestamp() FOR UPDATE",
            [lease.id, lease.fence],
        )
        return cursor.fetchone() is not None


def _hold(members: Sequence[Member]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLD,
            {
                "lease": settings.LEASE_SECONDS,
                "ids": [member.claim.transfer.pk for member in members],
                "fences": [member.claim.fence for member in members],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def _sign(
    members: Sequence[Member], lease: ChannelLease, sequence: int, state: LedgerState
) -> StellarEnvelope:
    signed = stellar_treasury().pay(
        [member.order for member in members],
        channel=lease.account,
        sequence=sequence,
        max_time=state.closed_at + settings.STELLAR_TX_SECONDS,
        fee_per_operation=settings.STELLAR_MAX_FEE_STROOPS,
        memo=members[0].memo,
    )
    envelope = StellarEnvelope.objects.create(
        network_passphrase=state.network_passphrase,
        horizon_url=horizon_rail().url,
        channel_id=lease.id,
        source=signed.source,
        sequence=signed.sequence,
        max_time=signed.max_time,
        fee=signed.fee,
        hash=signed.hash,
        signed_xdr=signed.xdr,
        signed_at_ledger=state.ledger,
    )
    envelope.refresh_from_db()
    return envelope


def _write_payments(members: Sequence[Member], envelope: StellarEnvelope) -> None:
    StellarPayment.objects.bulk_create(
        StellarPayment(
            envelope=envelope,
            operation_index=place,
            attempt=member.claim.attempt,
            destination=member.order.destination,
            asset=member.order.asset,
            stroops=member.order.stroops,
        )
        for place, member in enumerate(members, start=1)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _FUND,
            {
                "ids": [member.claim.attempt.pk for member in members],
                "references": [
                    operation_reference(envelope.hash, place)
                    for place in range(1, len(members) + 1)
                ],
            },
        )
