"""Refusals of a person's hand on a transfer."""

from guard.errors import Refused


class CallUnderWay(Refused):
    """A worker has told the rail to move the money and has no answer yet: nobody may decide over its head."""

    code = "outcome_unknown"
    title = "A call is under way"


class NotStoppable(Refused):
    """The rail does not take it back, or not any more; it goes on to the payee."""

    code = "obligation_live"
    title = "It cannot be stopped"


class RailSaysOtherwise(Refused):
    """The rail's own books deny what is being said about it."""

    code = "conflict"
    title = "The rail says otherwise"


class SecondPersonNeeded(Refused):
    """Whoever proposed a release may not confirm it."""

    code = "self_approval"
    http_status = 403
    title = "A second person is needed"
