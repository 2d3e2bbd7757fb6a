"""Ask Wise what is in its balances, and keep the answer with its time. Moves nothing and decides nothing."""

from django.db.models.functions import Now

from guard.errors import Refused
from rails.answers import Unreachable
from transfers.models import Rail, RailBalance
from transfers.pace import TurnTooFar, wait_for_turn
from transfers.rail_access import wise_rail
from transfers.services.confirm_transfer import PATIENCE_SECONDS

_LONGEST = 200


def read_balance() -> None:
    """One call to Wise, never in a transaction; nothing at all where Wise is not configured.

    A failure keeps what was read before and says why it is old. Only shown to people: whether a payout is covered is
    Wise's answer to its funding.
    """
    try:
        rail = wise_rail()
    except Refused:
        return
    problem, amounts = "", {}
    try:
        wait_for_turn(Rail.WISE, patience_seconds=PATIENCE_SECONDS)
        answer = rail.balances()
        if isinstance(answer, Unreachable):
            problem = answer.reason
        else:
            amounts = answer.value
    except TurnTooFar as later:
        problem = str(later)
    if problem:
        values = {"problem": problem[:_LONGEST], "tried_at": Now()}
    else:
        values = {"amounts": amounts, "problem": "", "read_at": Now(), "tried_at": Now()}
    RailBalance.objects.update_or_create(rail=Rail.WISE, defaults=values)
