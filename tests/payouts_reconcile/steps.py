"""Payouts through the real source and the sandbox Wise, the commands, and what an unguarded system once did."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from payouts.models import PayoutRequest
from payouts.selectors import get_payout
from tests.conftest import rest_truncate_triggers
from tests.payouts.requests import IBAN, make_payout, the_transfer
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import work, work_when_due
from transfers.models import Transfer


def otto(words: str = "", iban: str = IBAN) -> dict[str, Any]:
    """Bank details whose holder's name tells the sandbox what goes wrong."""
    return {"type": "iban", "iban": iban, "account_holder": f"{words} Otto Muster".strip()}


def approved(words: str = "", iban: str = IBAN) -> PayoutRequest:
    """Approved, and nothing sent yet."""
    return make_payout("approved", recipient=otto(words, iban))


def sent(words: str = "", iban: str = IBAN) -> PayoutRequest:
    """Approved, and a worker had its turn."""
    payout = approved(words, iban)
    work(the_transfer(payout.pk))
    return get_payout(payout.pk)


def turn(payout: PayoutRequest) -> Transfer:
    """The next turn of a worker, whenever that would be."""
    return work_when_due(the_transfer(payout.pk))


def at_wise(wise: SandboxWise, transfer: Transfer | int) -> dict[str, Any]:
    """One transfer in Wise's books, with its payment."""
    number = transfer if isinstance(transfer, int) else reference(transfer)
    (row,) = [row for row in wise.books()["transfers"] if row["id"] == number]
    return dict(row)


def reference(transfer: Transfer) -> int:
    """The transfer's id at Wise."""
    return int(transfer.attempts.order_by("-number")[0].funding_reference)


def run(command: str, payout: PayoutRequest, **options: Any) -> str:
    """What a command says; `options` as on the command line."""
    out = io.StringIO()
    call_command(command, payout.pk, stdout=out, **options)
    return out.getvalue()


def apply(command: str, payout: PayoutRequest, by: str = "ana", **options: Any) -> str:
    """The same for real, with a reason."""
    told: dict[str, Any] = {"apply": True, "actor": by, "reason": "ticket 47828"}
    return run(command, payout, **(told | options))


def refused(command: str, payout: PayoutRequest, **options: Any) -> str:
    """With what it was refused."""
    try:
        said = apply(command, payout, **options)
    except CommandError as error:
        return str(error)
    raise AssertionError(f"it was not refused: {said}")


@contextmanager
def without_guards(*tables: str) -> Iterator[None]:
    """The old system: no triggers, so that one status overwrites another."""
    try:
        _triggers("DISABLE", tables)
        yield
    finally:
        _triggers("ENABLE", tables)
        rest_truncate_triggers()


def overwrite(payout: PayoutRequest, status: str) -> PayoutRequest:
    """What two reviewers of the old system did to each other."""
    with without_guards("payouts_payoutrequest"):
        PayoutRequest.objects.filter(pk=payout.pk).update(status=status, reviewed_by="old system")
    return get_payout(payout.pk)


def _triggers(verb: str, tables: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER USER")
