"""Refusals of checkout."""

from guard.errors import Conflicted, Refused


class RefundExceedsPayment(Refused):
    """More than what came in and was not given back or disputed."""

    code = "refund_exceeds_payment"
    http_status = 422
    title = "More than what is left"


class SelfApproval(Refused):
    """Whoever asked for a refund may not approve it."""

    code = "self_approval"
    http_status = 403
    title = "You asked for this refund"


class AlreadyDecided(Conflicted):
    """Somebody decided first; `extra` says who, when and why."""

    code = "already_decided"
    title = "Already decided"


class NotNeeded(Conflicted):
    """The session or the receipt is not in a state in which this would be right."""

    code = "conflict"
    title = "It is not in a state for this"


class HorizonAway(Refused):
    """Horizon gave no conclusive answer; nothing was concluded."""

    code = "unavailable"
    http_status = 503
    title = "Horizon cannot be asked at the moment"


class NotReceiving(Refused):
    """No receiving account is configured."""

    code = "rail_paused"
    http_status = 503
    title = "No account receives payments"
