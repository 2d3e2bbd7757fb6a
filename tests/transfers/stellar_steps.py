"""Steps of tests about Stellar: payouts to be paid, ledgers that pass, Horizon's books as the judge."""

from itertools import count
from typing import Any

from money import Money
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.steps import work_when_due
from transfers.models import StellarEnvelope, Transfer

OWED = Money(15_000_000, "XLM")  # 1.5
_numbers = count(1)


class Recipients:
    """A source in the place of payout requests: says yes, and knows by its number where each payout goes."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []
        self.details: dict[int, dict[str, Any]] = {}

    def may_start(self, transfer: Transfer, **_: Any) -> bool:
        return True

    def transfer_changed(self, transfer: Transfer, *, to: str, **_: Any) -> None:
        self.heard.append((transfer.source_id, to))

    def recipient_details(self, transfer: Transfer) -> dict[str, Any]:
        return self.details[transfer.source_id]

    def heard_of(self, transfer: Transfer) -> list[str]:
        return [to for number, to in self.heard if number == transfer.source_id]

    def payout(
        self, address: str, *, amount: Money = OWED, memo: str = "", source_type: str = "payout"
    ) -> Transfer:
        """A pending transfer of an approved payout to `address`."""
        number = next(_numbers)
        self.details[number] = {"type": "stellar", "address": address, "memo": memo}
        return Transfer.objects.create(
            source_type=source_type,
            source_id=number,
            source_reference=f"PO-{number}",
            payee_name="Ann Example",
            amount_minor=amount.minor,
            currency=amount.currency,
            rail="stellar",
            destination="G… 3000",
        )


def work_until_known(horizon: SandboxHorizon, transfer: Transfer, turns: int = 25) -> Transfer:
    """Turn after turn of a worker, a ledger after each, until the transfer is no longer on its way."""
    for _ in range(turns):
        transfer = work_when_due(transfer)
        if transfer.status not in ("pending", "processing"):
            return transfer
        horizon.close()
    return transfer


def let_time_pass(horizon: SandboxHorizon) -> None:
    """Past the last moment at which a ledger may take anything that was signed until now."""
    horizon.advance_clock(330)


def envelopes(transfer: Transfer) -> list[StellarEnvelope]:
    """All that were ever signed for it, in order."""
    found = StellarEnvelope.objects.filter(payments__attempt__transfer=transfer)
    return list(found.order_by("id"))


def envelope(transfer: Transfer) -> StellarEnvelope:
    """The only one."""
    (only,) = envelopes(transfer)
    return only
