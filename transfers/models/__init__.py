"""Columns, constraints, and the transition tables (declared once, with empty bodies)."""

from transfers.models.attempt import AttemptOutcome, TransferAttempt, rail_key, waiting_for
from transfers.models.booking import Booking, BookingStatus, CrewMember, PaymentState
from transfers.models.comparison import RailComparison
from transfers.models.finding import Finding, FindingState
from transfers.models.pace import Pace
from transfers.models.rail_balance import RailBalance
from transfers.models.rail_event import RailEvent
from transfers.models.rail_switch import RailSwitch
from transfers.models.release import Release, ReleaseDecision, ReleaseState
from transfers.models.reversal import TransferReversal
from transfers.models.stellar import (
    LIVE_STATES,
    EnvelopeState,
    StellarChannel,
    StellarEnvelope,
    StellarPayment,
)
from transfers.models.transfer import Rail, SourceType, Transfer, TransferStatus

__all__ = [
    "LIVE_STATES",
    "AttemptOutcome",
    "Booking",
    "BookingStatus",
    "CrewMember",
    "EnvelopeState",
    "Finding",
    "FindingState",
    "Pace",
    "PaymentState",
    "Rail",
    "RailBalance",
    "RailComparison",
    "RailEvent",
    "RailSwitch",
    "Release",
    "ReleaseDecision",
    "ReleaseState",
    "SourceType",
    "StellarChannel",
    "StellarEnvelope",
    "StellarPayment",
    "Transfer",
    "TransferAttempt",
    "TransferReversal",
    "TransferStatus",
    "rail_key",
    "waiting_for",
]
