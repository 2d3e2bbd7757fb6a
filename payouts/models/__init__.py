"""Columns, constraints, and the transition tables (declared once, with empty bodies)."""

from payouts.models.approval import Approval, ApprovalLimit
from payouts.models.commission import (
    Commission,
    CommissionClawback,
    CommissionInclusion,
    CommissionStatus,
)
from payouts.models.payee import KycStatus, Payee
from payouts.models.payout_request import PayoutRail, PayoutRequest, PayoutStatus
from payouts.models.recipient import Recipient, RecipientType

__all__ = [
    "Approval",
    "ApprovalLimit",
    "Commission",
    "CommissionClawback",
    "CommissionInclusion",
    "CommissionStatus",
    "KycStatus",
    "Payee",
    "PayoutRail",
    "PayoutRequest",
    "PayoutStatus",
    "Recipient",
    "RecipientType",
]
