"""The console's pages in the Django admin: they show and call services; nothing here writes a model."""

from transfers.admin import (
    audit_log,
    bookings,
    findings,
    rail_events,
    rail_switches,
    schedule,
    stellar,
    transfers,
)

__all__ = [
    "audit_log",
    "bookings",
    "findings",
    "rail_events",
    "rail_switches",
    "schedule",
    "stellar",
    "transfers",
]
