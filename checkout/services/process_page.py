"""A page of operations: what names a session is processed one by one, the rest is written down together."""

from collections.abc import Sequence

from audit.actor import Actor
from checkout.services.process_operation import process_operation
from rails.horizon_payments import incoming
from rails.horizon_values import LedgerOperation


def process_page(page: Sequence[LedgerOperation], *, account: str, actor: Actor) -> int:
    """How many operations were not seen before. All of them are committed when it returns."""
    new = 0
    for listed in page:
        operation = incoming(listed, account)
        if operation is not None:
            new += process_operation(operation=operation, actor=actor).is_new
    return new
