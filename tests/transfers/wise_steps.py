"""Steps of tests about Wise: a payout to be paid, a source that listens, the books."""

import json
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from audit.actor import Actor
from money import Money
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import work_when_due
from transfers.models import Transfer, TransferAttempt
from transfers.rail_access import wise_rail

PROFILE = "28891298"
IBAN = "DE89370400440532013000"
OWED = Money(8_561, "EUR")
_numbers = count(1)


@dataclass
class PayoutSource:
    """Says yes unless told otherwise, and remembers what it heard in committed and undone transactions alike."""

    heard: list[str] = field(default_factory=list)
    allows: bool = True
    refuses_quotes: str = ""
    breaks_on: str = ""
    iban: str = IBAN

    def may_start(self, transfer: Transfer, *, actor: Actor) -> bool:
        return self.allows

    def transfer_changed(self, transfer: Transfer, *, to: str, actor: Actor, reason: str) -> None:
        self.heard.append(to)
        assert transfer.status == to
        if to == self.breaks_on:
            raise RuntimeError("the room above could not follow")

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        return {"type": "iban", "iban": self.iban, "account_holder": transfer.payee_name}

    def quote_refusal(self, transfer: Transfer, *, source: Money) -> str:
        return self.refuses_quotes


def forget_rail() -> None:
    """The next call is made by an adapter with the settings of then."""
    if wise_rail.cache_info().currsize:
        wise_rail().close()
    wise_rail.cache_clear()


def payout(words: str = "", amount: Money = OWED) -> Transfer:
    """A pending transfer of an approved payout; `words` say what goes wrong with its recipient in the sandbox."""
    number = next(_numbers)
    return Transfer.objects.create(
        source_type="payout",
        source_id=number,
        source_reference=f"PO-{number}",
        payee_name=f"{words} Ann Example".strip(),
        amount_minor=amount.minor,
        currency=amount.currency,
        rail="wise",
        destination="DE•• 3000",
    )


def work_until_known(transfer: Transfer, turns: int = 15) -> Transfer:
    """Turn after turn of a worker, until the transfer is no longer on its way."""
    for _ in range(turns):
        transfer = work_when_due(transfer)
        if transfer.status not in ("pending", "processing"):
            return transfer
    return transfer


def the_attempt(transfer: Transfer) -> TransferAttempt:
    return transfer.attempts.order_by("-number")[0]


def funded(wise: SandboxWise) -> int:
    """Movements in Wise's books; never two for one debt."""
    totals = wise.totals()
    assert totals["paid_more_than_once"] == []
    return int(totals["funded"])


def reference(transfer: Transfer) -> int:
    """The transfer's id at Wise."""
    return int(the_attempt(transfer).funding_reference)


def all_that_is_stored(transfer: Transfer) -> str:
    """Everything in the attempts' rows, as text."""
    rows = transfer.attempts.values("request", "progress", "evidence", "idempotency_key")
    return json.dumps(list(rows), default=str)


class Crash(Exception):
    """The worker is gone at this moment."""


class CrashingCalls:
    """Wraps the rail's one way out: dies before or after call number `at`, once."""

    def __init__(self, call: Any, at: int, *, after: bool) -> None:
        self._call, self._at, self._after = call, at, after
        self._lock = threading.Lock()
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self.calls += 1
            dies = self.calls == self._at
        if dies and not self._after:
            raise Crash
        answer = self._call(*args, **kwargs)
        if dies:
            raise Crash
        return answer
