"""Ask a rail to give a payment back that has left the balance. Only the rail decides whether it still can."""

from audit.actor import Actor
from audit.record import Note, record
from rails.answers import Declined, Done
from transfers.drivers.protocol import Withdraws
from transfers.drivers.registry import driver_for
from transfers.errors import NotStoppable


def take_back(*, rail: str, subject: str, reference: str, reason: str, actor: Actor) -> str:
    """Tell the rail to cancel payment `reference`; what it said, in words. Not in a transaction.

    `subject`: whose audit log keeps it. The order is committed before the call and the answer after it. It moves
    nothing towards anybody, so that asking twice does no harm. The money is back only when the rail shows that it is.
    Raises NotStoppable (409).
    """
    driver = driver_for(rail)
    if not isinstance(driver, Withdraws):
        raise NotStoppable(f"{rail} cannot take a payment back.")
    named = {"rail_reference": reference}
    record(Note(subject, "transfer.take_back_ordered", actor, reason=reason, snapshot=named))
    answer = driver.take_back(reference)
    if isinstance(answer, Declined):
        refused = {**named, **answer.evidence}
        record(Note(subject, "transfer.take_back_refused", actor, "conflict", snapshot=refused))
        raise NotStoppable(
            f"{rail.capitalize()} does not cancel {reference} any more ({answer.code}). "
            "It can only come back by itself, or from the payee.",
            rail_reference=reference,
        )
    if isinstance(answer, Done):
        said, action = f"{reference} is cancelled", "transfer.take_back_accepted"
    else:
        said, action = f"no clear answer about {reference}", "transfer.take_back_unclear"
    record(Note(subject, action, actor, reason=said, snapshot={**named, **answer.evidence}))
    return said
