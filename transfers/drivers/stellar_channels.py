"""Channels: whose sequence number a transaction uses. One envelope of a channel may be alive at a time.

A channel is leased while an envelope is made for it, and taken for as long as that envelope is alive; the unique
index `one_live_envelope_per_stellar_channel` holds where a lease does not.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from transfers.models import StellarChannel, Transfer
from transfers.rail_access import stellar_treasury


@dataclass(frozen=True, slots=True)
class ChannelLease:
    """The right to make one envelope for this channel, until the lease is over."""

    id: int
    account: str
    fence: int


def lease_channel(pin: str) -> ChannelLease | None:
    """A free channel, `pin` and no other if that is one of ours; None when all are busy. Commits before it returns."""
    treasury = stellar_treasury()
    accounts = [pin] if pin in treasury.channels else treasury.channels
    _know(accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE transfers_stellarchannel AS mine
            SET held_until = clock_timestamp() + make_interval(secs => %(lease)s), fence = mine.fence + 1
            WHERE mine.held_until <= clock_timestamp() AND mine.id = (
                SELECT channel.id FROM transfers_stellarchannel AS channel
                WHERE channel.network_passphrase = %(network)s AND channel.account = ANY(%(accounts)s)
                    AND channel.held_until <= clock_timestamp()
                    AND NOT EXISTS (
                        SELECT 1 FROM transfers_stellarenvelope AS envelope
                        WHERE envelope.channel_id = channel.id AND envelope.state IN ('prepared', 'sent'))
                ORDER BY channel.held_until LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING mine.id, mine.account, mine.fence
            """,
            {
                "lease": settings.LEASE_SECONDS,
                "network": treasury.network_passphrase,
                "accounts": accounts,
            },
        )
        row = cursor.fetchone()
    return None if row is None else ChannelLease(*row)


def free_channel(lease: ChannelLease) -> None:
    """Give it back; nothing when somebody else has it by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_stellarchannel SET held_until = clock_timestamp() WHERE id = %s AND fence = %s",
            [lease.id, lease.fence],
        )


def pinned_channel(transfer: Transfer) -> str:
    """The source of its latest envelope: under the same numbers the old and the new exclude each other (rule 9)."""
    latest = (
        transfer.attempts.filter(stellar_payment__isnull=False)
        .order_by("-number")
        .values_list("stellar_payment__envelope__source", flat=True)
        .first()
    )
    return latest or ""


def last_used(lease: ChannelLease) -> int:
    """The highest number of this channel that a ledger took, as far as we know; 0 for none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(sequence), 0) FROM transfers_stellarenvelope "
            "WHERE channel_id = %s AND state IN ('applied_ok', 'applied_failed')",
            [lease.id],
        )
        return int(cursor.fetchone()[0])


def _know(accounts: list[str]) -> None:
    network = stellar_treasury().network_passphrase
    known = StellarChannel.objects.filter(network_passphrase=network, account__in=accounts)
    if known.count() < len(accounts):
        rows = [StellarChannel(network_passphrase=network, account=account) for account in accounts]
        StellarChannel.objects.bulk_create(rows, ignore_conflicts=True)
