"""Refusals of payout review."""

from guard.errors import Conflicted, Refused


class AlreadyDecided(Conflicted):
    """Another reviewer decided first; `extra` says who, when and why."""

    code = "already_decided"
    title = "Already decided"


class ApprovalStale(Refused):
    """What would be approved is no longer what was shown."""

    code = "approval_stale"
    http_status = 409
    title = "What you saw has changed"


class SelfApproval(Refused):
    """Whoever made a request may not approve it."""

    code = "self_approval"
    http_status = 403
    title = "You made this request"


class ApprovalLimitExceeded(Refused):
    """This approval would exceed what the reviewer may approve in 24 hours."""

    code = "approval_limit_exceeded"
    http_status = 403
    title = "Your approval limit is used up"


class KycIncomplete(Refused):
    """The payee's KYC is not approved."""

    code = "kyc_incomplete"
    http_status = 422
    title = "The payee has not been checked"


class ObligationLive(Refused):
    """Money of this request, or of the one that replaced it, may still arrive."""

    code = "obligation_live"
    http_status = 409
    title = "This may still arrive"


class RecipientUnreadable(Refused):
    """The details were encrypted with a key that is not here any more; nothing was sent."""

    code = "recipient_unreadable"
    http_status = 503
    title = "The bank details cannot be read"
