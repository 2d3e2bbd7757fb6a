"""The ways in which a customer pays what was asked for, and the many in which he gets it wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.horizon.network import (
    EURC,
    FALSE_ASSETS,
    STROOPS,
    USDC,
    code_of,
    keypair,
)

MEMO_BYTES = 28


@dataclass(frozen=True, slots=True)
class Payment:
    """One operation: to a G… or M… address, in stroops."""

    to: str
    asset: str
    stroops: int


@dataclass(frozen=True, slots=True)
class Order:
    """One transaction of the wallet. `later_ms`: applied only so much later."""

    payments: tuple[Payment, ...]
    memo: str
    later_ms: int = 0


@dataclass(frozen=True, slots=True)
class Bill:
    """What was asked for, and what else the transaction should pay."""

    to: str
    asset: str
    stroops: int
    memo: str
    seconds: int = 60
    others: tuple[Payment, ...] = ()

    @property
    def order(self) -> Order:
        """Exactly what was asked for."""
        return Order((Payment(self.to, self.asset, self.stroops),), self.memo)

    def of(self, stroops: int) -> Order:
        """With another amount."""
        return Order((Payment(self.to, self.asset, max(stroops, 1)),), self.memo)

    def in_asset(self, asset: str) -> Order:
        return Order((Payment(self.to, asset, self.stroops),), self.memo)


@dataclass(frozen=True, slots=True)
class Trick:
    """What one button does."""

    name: str
    title: str
    story: str
    orders: Callable[[Bill], list[Order]]


def _other_memo(memo: str) -> str:
    """One that nobody has asked for."""
    return f"not {memo}".encode()[:MEMO_BYTES].decode(errors="ignore")


def _wrong_asset(bill: Bill) -> list[Order]:
    other = next(code for code in (code_of(USDC), code_of(EURC)) if code != bill.asset)
    return [bill.in_asset(other)]


def _wrong_issuer(bill: Bill) -> list[Order]:
    code = bill.asset.partition(":")[0]
    false = next((asset for asset in FALSE_ASSETS if asset.code == code), FALSE_ASSETS[0])
    return [bill.in_asset(code_of(false))]


def _failed(bill: Bill) -> list[Order]:
    nobody = Payment(keypair("payee missing").public_key, "native", STROOPS)
    return [replace(bill.order, payments=(*bill.order.payments, nobody))]


def _several(bill: Bill) -> list[Order]:
    stranger = Payment(keypair("payee 1").public_key, "native", STROOPS)
    third = Payment(bill.to, "native", STROOPS)
    more = bill.others or (stranger, third)
    return [replace(bill.order, payments=(*bill.order.payments, *more))]


TRICKS = {
    trick.name: trick
    for trick in (
        Trick("pay", "Pay it", "What was asked for, once.", lambda bill: [bill.order]),
        Trick("twice", "Pay it twice", "Two wallets, in the same ledger.",
              lambda bill: [bill.order, bill.order]),
        Trick("halves", "Pay in two halves", "Two transactions that add up.",
              lambda bill: [bill.of(bill.stroops // 2), bill.of(bill.stroops - bill.stroops // 2)]),
        Trick("too_little", "Too little", "90 % of it.",
              lambda bill: [bill.of(bill.stroops * 9 // 10)]),
        Trick("too_much", "Too much", "110 % of it.",
              lambda bill: [bill.of(bill.stroops * 11 // 10)]),
        Trick("wrong_memo", "Wrong memo", "The money comes, nobody knows what for.",
              lambda bill: [replace(bill.order, memo=_other_memo(bill.memo))]),
        Trick("no_memo", "No memo", "The memo is forgotten.",
              lambda bill: [replace(bill.order, memo="")]),
        Trick("wrong_asset", "Wrong asset", "The same number of something else.", _wrong_asset),
        Trick("wrong_issuer", "Wrong issuer", "The same code from an impostor.", _wrong_issuer),
        Trick("failed", "Failed transaction", "A second operation fails, so nothing moves.", _failed),
        Trick("several", "Several operations",
              "One transaction that pays a stranger and the receiver once more, or whom you name above.",
              _several),
        Trick("late", "Pay later", "The same, but in a ledger so many seconds from now.",
              lambda bill: [replace(bill.order, later_ms=bill.seconds * 1000)]),
    )
}  # fmt: skip
