"""Everything that happened to one payout, in one order: audit entries, attempts, the rail's messages, its names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import Entry
from payouts.models import PayoutRequest
from payouts.selectors import transfer_of
from transfers.models import Transfer, TransferAttempt
from transfers.selectors import rail_events_about


@dataclass(frozen=True, slots=True)
class Event:
    """`kind`: audit, attempt, rail_event or rail_reference. `detail` holds no bank details."""

    at: datetime
    kind: str
    what: str
    actor: str
    detail: dict[str, Any]


def timeline(payout: PayoutRequest) -> list[Event]:
    """Oldest first. Three queries, and one for each payment at the rail that it ever had."""
    transfer = transfer_of(payout.pk)
    subjects = [f"payout:{payout.pk}"]
    events: list[Event] = []
    if transfer is not None:
        subjects.append(f"transfer:{transfer.pk}")
        attempts = list(transfer.attempts.all())
        for attempt in attempts:
            events += _of_attempt(attempt)
        events += _of_rail(transfer, attempts)
    entries = Entry.objects.filter(subject__in=subjects)
    events += [_of_entry(entry) for entry in entries]
    return sorted(events, key=lambda event: event.at)


def _of_entry(entry: Entry) -> Event:
    detail = {
        "entry": entry.pk,
        "subject": entry.subject,
        "outcome": entry.outcome,
        "prior_status": entry.prior_status or None,
        "new_status": entry.new_status or None,
        "reason": entry.reason or None,
        "snapshot": entry.snapshot,
    }
    return Event(entry.at, "audit", entry.action, entry.actor_name, detail)


def _of_attempt(attempt: TransferAttempt) -> list[Event]:
    detail = {"number": attempt.number, "idempotency_key": attempt.rail_key}
    events = [Event(attempt.first_sent_at, "attempt", "sent", "", detail)]
    if attempt.resolved_at is not None:
        resolved = {**detail, "evidence": attempt.evidence}
        events.append(Event(attempt.resolved_at, "attempt", attempt.outcome, "", resolved))
    return events


def _of_rail(transfer: Transfer, attempts: list[TransferAttempt]) -> list[Event]:
    """The rail's name for it, and the messages that used that name, or that of one that was given up."""
    reference = transfer.rail_reference
    resolved = [attempt.resolved_at for attempt in attempts if attempt.resolved_at is not None]
    named = [
        Event(
            max(resolved, default=transfer.updated_at),
            "rail_reference",
            reference,
            "",
            {"rail": transfer.rail},
        )
    ]
    names = dict.fromkeys([reference, *(attempt.funding_reference for attempt in attempts)])
    events = [
        Event(
            row.received_at,
            "rail_event",
            row.type,
            transfer.rail,
            {"event": row.event_id, "result": row.result or None},
        )
        for name in names
        if name
        for row in rail_events_about(transfer.rail, name)
    ]
    return (named if reference else []) + events
