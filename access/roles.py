"""Roles, capabilities and scopes, as tables: the only place that says who may do what.

A capability is one verb on one noun. A role holds capabilities; a token's scopes narrow them and never widen them.
"""

from enum import StrEnum
from typing import Final, Literal

Scope = Literal["read", "write", "review"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "review")

Capability = Literal[
    "booking.read",
    "booking.create",
    "transfer.read",
    "transfer.pay",
    "transfer.retry",
    "transfer.reverse",
    "transfer.confirm",
    "transfer.release",
    "rail.pause",
    "rail.resume",
    "payout.read",
    "payout.create",
    "payout.review",
    "payee.manage",
    "kyc.set",
    "recipient.reveal",
    "commission.read",
    "commission.create",
    "commission.review",
    "booking.close",
    "checkout.read",
    "checkout.create",
    "receipt.apply",
    "refund.create",
    "refund.review",
    "dispute.open",
    "dispute.resolve",
    "audit.read",
    "finding.read",
    "finding.resolve",
    "webhook.read",
    "webhook.manage",
    "access.read",
    "access.manage",
]

# What a token needs besides its user's role. "review" decides about other people's requests.
CAPABILITY_SCOPE: Final[dict[Capability, Scope]] = {
    "booking.read": "read",
    "booking.create": "write",
    "transfer.read": "read",
    "transfer.pay": "write",
    "transfer.retry": "write",
    "transfer.reverse": "write",
    "transfer.confirm": "write",
    # Two people say what became of a transfer that the rail does not tell.
    "transfer.release": "review",
    # Stopping what leaves is for whoever sees the trouble first; letting it leave again decides.
    "rail.pause": "write",
    "rail.resume": "review",
    "payout.read": "read",
    # Asking for a payout, or for a new one in place of a dead one: nothing leaves without a review.
    "payout.create": "write",
    # Approve, reject, cancel, retry, the generic status door, soft claims.
    "payout.review": "review",
    "payee.manage": "write",
    "kyc.set": "review",
    "recipient.reveal": "review",
    "commission.read": "read",
    "commission.create": "write",
    # Approve, void, claw back. Asking for a payout of commissions is "payout.create": it is reviewed.
    "commission.review": "review",
    # Say that a job is done or will not happen.
    "booking.close": "write",
    "checkout.read": "read",
    # New sessions, and naming the transaction that pays one.
    "checkout.create": "write",
    "receipt.apply": "write",
    # Asking for a refund holds its money; it leaves after somebody else's review.
    "refund.create": "write",
    "refund.review": "review",
    "dispute.open": "write",
    # A lost dispute asks for a refund; that is decided about by itself.
    "dispute.resolve": "review",
    "audit.read": "read",
    "finding.read": "read",
    "finding.resolve": "write",
    "webhook.read": "read",
    "webhook.manage": "write",
    "access.read": "read",
    "access.manage": "write",
}
CAPABILITIES: Final[frozenset[Capability]] = frozenset(CAPABILITY_SCOPE)
READS: Final[frozenset[Capability]] = frozenset(
    capability for capability, scope in CAPABILITY_SCOPE.items() if scope == "read"
)


class Role(StrEnum):
    """A role is membership of the Django group of the same name."""

    SUPER_ADMIN = "super_admin"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    INTEGRATOR = "integrator"


ROLE_BY_NAME: Final[dict[str, Role]] = {role.value: role for role in Role}


ROLE_CAPABILITIES: Final[dict[Role, frozenset[Capability]]] = {
    Role.SUPER_ADMIN: CAPABILITIES,
    Role.OPERATOR: (READS - {"access.read"})
    | {
        "booking.create",
        "transfer.pay",
        "transfer.retry",
        "transfer.confirm",
        "rail.pause",
        "payout.create",
        "payee.manage",
        "commission.create",
        "booking.close",
        "checkout.create",
        "receipt.apply",
        "refund.create",
        "dispute.open",
    },
    Role.AUDITOR: READS,
    Role.INTEGRATOR: frozenset(
        {
            "booking.create",
            "booking.read",
            "transfer.read",
            "transfer.pay",
            "transfer.retry",
            "transfer.confirm",
            # It asks and looks. Cancelling undoes a review, so that is a reviewer's.
            "payout.read",
            "payout.create",
            "payee.manage",
            "commission.read",
            "commission.create",
            "booking.close",
            "checkout.read",
            "checkout.create",
            "refund.create",
            "dispute.open",
            "webhook.read",
            "webhook.manage",
        }
    ),
}

# Integrators are programs: they have no business in the console.
CONSOLE_ROLES: Final[frozenset[Role]] = frozenset({Role.SUPER_ADMIN, Role.OPERATOR, Role.AUDITOR})

# Whoever can move money or decide about it shows more than a password.
SECOND_FACTOR_ROLES: Final[frozenset[Role]] = frozenset({Role.SUPER_ADMIN, Role.OPERATOR})
