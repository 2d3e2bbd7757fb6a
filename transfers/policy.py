"""Pure rules about attempts: when to ask again, when to send again, when absence is believed.

Source: Stripe's documented idempotency (a key may be forgotten once it is 24 h old, and then executes anew; a stored
answer is replayed until then) and rules 4 to 8 for exactly-once in the rail's reference.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rails.answers import Movement
from transfers.models import Rail, Transfer, TransferAttempt

# Stripe may forget a key from 24 h on; four hours of margin for clocks, queues and slow calls.
RESEND_WINDOW = timedelta(hours=20)
# Part of the identity of every payment ever made through Wise: it never changes.
_WISE_NAMESPACE = uuid.UUID("6f2b1a52-6d0c-5c0e-9a53-5c1f7f0f7a11")
# How long a payment may still come back, and how often it is looked at: bounces arrive weeks later.
WATCH_FOR = timedelta(weeks=8)
WATCH_EVERY = timedelta(days=1)

# The failure code of an attempt that a person stopped.
CANCELLED_BY_PERSON = "cancelled_by_person"
# The failure code of one that two people decided about; the trigger `ReleasedByTwo` knows it too.
RELEASED_BY_PEOPLE = "released_by_people"
# The failure code of one that sent nothing because an earlier one turned out to be paid.
EARLIER_MOVED = "earlier_moved"
# All other failures prove that no money of the debt moved.
NOT_PROVEN = frozenset({RELEASED_BY_PEOPLE, EARLIER_MOVED})


def check_delay(delays: Sequence[float], step: int) -> float:
    """Seconds until check number `step` (from 0); the last delay repeats."""
    return delays[min(step, len(delays) - 1)]


def may_resend(attempt: TransferAttempt, *, now: datetime) -> bool:
    """May the identical request be sent again under its key without any risk of a second movement?"""
    return not attempt.spent and now - attempt.first_sent_at < RESEND_WINDOW


def absence_is_proven(attempt: TransferAttempt, *, delays: Sequence[float]) -> bool:
    """Is it proven that this attempt moved nothing, given that the look-up of this moment found nothing?

    Only for a spent key, which can execute nothing any more, and only after the whole ladder of delays was walked
    since the last send with nothing found on any rung: with the defaults more than an hour and five look-ups. An
    attempt whose window closed without a stored answer is never failed by itself; a person decides.
    """
    return attempt.spent and attempt.probe_count + 1 >= len(delays)


def mismatches(transfer: Transfer, attempt: TransferAttempt, movement: Movement) -> list[str]:
    """In what the rail's movement differs from what was asked for; empty when it is ours."""
    wanted: dict[str, object] = {
        "amount_minor": transfer.amount_minor,
        "currency": transfer.currency,
    }
    if transfer.rail == Rail.WISE:
        wanted |= {
            "reference": attempt.funding_reference,
            "destination": attempt.progress.get("recipient", {}).get("id"),
            "group": attempt.idempotency_key,
        }
    elif transfer.rail == Rail.STELLAR:
        wanted |= {
            "reference": attempt.funding_reference,
            # An attempt for which nothing was signed asked for nothing.
            "destination": getattr(getattr(attempt, "stellar_payment", None), "destination", None),
        }
    else:
        request = _request_behind(transfer, attempt, movement)
        wanted |= {
            "destination": request.get("destination"),
            "group": transfer_group(transfer),
            "metadata": request.get("metadata"),
        }
    return [name for name, value in wanted.items() if getattr(movement, name) != value]


def _request_behind(
    transfer: Transfer, attempt: TransferAttempt, movement: Movement
) -> dict[str, Any]:
    """The request of the try that the movement names: an earlier one may have moved although it was given up."""
    number = movement.metadata.get("attempt", "")
    earlier = None
    if number != str(attempt.number) and number.isdecimal():
        earlier = transfer.attempts.filter(number=int(number), number__lt=attempt.number).first()
    request: dict[str, Any] = (earlier or attempt).request
    return request


def transfer_group(transfer: Transfer) -> str:
    """Under which name the rail files every movement for this debt."""
    return f"transfer:{transfer.debt_key}"


def attempt_key(transfer: Transfer, number: int) -> str:
    """The idempotency key of attempt `number`. It changes only after the attempt before was proven to have failed.

    Wise takes nothing but a UUID (customerTransactionId): one that anybody can compute again from debt and number.
    """
    if transfer.rail == Rail.WISE:
        return str(uuid.uuid5(_WISE_NAMESPACE, f"{transfer.debt_key}:{number}"))
    return f"po-{transfer.debt_key}-a{number}"


def is_watched(rail: str) -> bool:
    """May a movement of this rail come back by itself after it succeeded?"""
    return rail == Rail.WISE
