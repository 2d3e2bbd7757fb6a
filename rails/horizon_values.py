"""What Horizon says, as values: the ledger, an account, a transaction, one operation. Amounts are stroops (10^-7).

Nothing here imports stellar-sdk, which takes a second to load. Shapes: the Stellar reference, section 3.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from money import Money, exponent
from money.currencies import STELLAR_EXPONENT

NATIVE: Final = "XLM"
MOST_PAYMENTS: Final = 100
_INDEX_BITS: Final = 12
_LEDGER_BITS: Final = 32
_MEMO_BYTES: Final = 28
_HASH: Final = re.compile(r"[0-9a-f]{64}")
# SEP-29: the account wants a memo with every payment ("1" in base64).
_MEMO_REQUIRED: Final = ("config.memo_required", "MQ==")


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """One payment to put into a transaction. `destination` is G… or M…, `asset` is XLM or CODE:ISSUER."""

    destination: str
    asset: str
    stroops: int


@dataclass(frozen=True, slots=True)
class Memo:
    """What a transaction says: `text` (at most 28 bytes), or `returns`, the hash of the one that it gives back."""

    text: str = ""
    returns: str = ""

    @property
    def is_valid(self) -> bool:
        """Can it be signed?"""
        if self.returns:
            return not self.text and _HASH.fullmatch(self.returns) is not None
        return len(self.text.encode()) <= _MEMO_BYTES


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How far this Horizon's history goes, from `elder` to `ledger`, which closed at `closed_at` (Unix seconds)."""

    ledger: int
    closed_at: int
    elder: int
    network_passphrase: str

    def evidence(self) -> dict[str, Any]:
        """What an absence rests on."""
        return {"ledger": self.ledger, "closed_at": self.closed_at, "elder_ledger": self.elder}


@dataclass(frozen=True, slots=True)
class Balance:
    """One line of an account. `free`: what may still arrive on it; None for XLM, which has no limit."""

    currency: str
    stroops: int
    free: int | None
    is_authorised: bool
    selling_stroops: int = 0


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account that exists. `sequence` is the last number used."""

    id: str
    sequence: int
    subentries: int
    balances: dict[str, Balance]
    data: dict[str, str] = field(default_factory=dict)

    @property
    def wants_memo(self) -> bool:
        """SEP-29: a payment without memo would be lost to whom it is for."""
        name, value = _MEMO_REQUIRED
        return self.data.get(name) == value


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """A transaction that a ledger holds: final. `successful` False: fee and sequence used, nothing paid.

    `code` and `operation_codes` as Horizon writes them: `tx_failed`, `op_no_trust`.
    """

    hash: str
    successful: bool
    ledger: int
    source: str
    sequence: int
    memo_type: str
    memo: str
    result_xdr: str
    code: str
    operation_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LedgerOperation:
    """One operation that moves money, as listed. `index` counts from 1 within its transaction.

    `currency` is XLM or CODE:ISSUER. `to` is always the G account; `to_muxed` and `to_muxed_id` say which of its
    users, if any. `kind`: payment, create_account, path_payment_strict_send, ...; `stroops` 0 where the list names
    no amount (account_merge).
    """

    paging_token: str
    transaction_hash: str
    index: int
    ledger: int
    successful: bool
    kind: str
    sender: str
    to: str
    to_muxed: str
    to_muxed_id: str
    currency: str
    stroops: int
    memo_type: str
    memo: str
    created_at: datetime
    # The M address it came from, if it came from one; what a contract moved, as listed.
    sender_muxed: str = ""
    balance_changes: tuple[dict[str, Any], ...] = ()

    @property
    def reference(self) -> str:
        """Names it for good: transaction hash and index."""
        return operation_reference(self.transaction_hash, self.index)


def operation_reference(transaction_hash: str, index: int) -> str:
    """The name of one operation; `index` counts from 1."""
    return f"{transaction_hash}:{index}"


def stroops(text: object) -> int:
    """An amount as Horizon writes it. Raises InvalidAmount (a ValueError)."""
    return Money.parse(text, NATIVE).minor


def stroops_of(amount: Money) -> int:
    """`amount` of a currency on Stellar; a national currency's code has fewer decimals than the ledger."""
    return int(amount.minor * 10 ** (STELLAR_EXPONENT - exponent(amount.currency)))


def minor_of(amount_stroops: int, currency: str) -> int | None:
    """Minor units of `currency`; None where the ledger's amount is finer than the currency."""
    minor, rest = divmod(amount_stroops, 10 ** (STELLAR_EXPONENT - exponent(currency)))
    return None if rest else int(minor)


def parse_state(body: Any) -> LedgerState:
    """`GET /`."""
    return LedgerState(
        ledger=int(body["history_latest_ledger"]),
        closed_at=int(parse_moment(body["history_latest_ledger_closed_at"]).timestamp()),
        elder=int(body["history_elder_ledger"]),
        network_passphrase=str(body["network_passphrase"]),
    )


def parse_account(body: Any) -> LedgerAccount:
    """`GET /accounts/{id}`."""
    lines = [_balance(line) for line in body["balances"] if "liquidity_pool_id" not in line]
    return LedgerAccount(
        id=str(body["account_id"]),
        sequence=int(body["sequence"]),
        subentries=int(body.get("subentry_count", 0)),
        balances={line.currency: line for line in lines},
        data={str(name): str(value) for name, value in body.get("data", {}).items()},
    )


def _balance(line: Any) -> Balance:
    held = stroops(line["balance"])
    buying = stroops(line.get("buying_liabilities", "0"))
    free = stroops(line["limit"]) - held - buying if "limit" in line else None
    return Balance(
        currency=asset_currency(line),
        stroops=held,
        free=free,
        is_authorised=bool(line.get("is_authorized", True)),
        selling_stroops=stroops(line.get("selling_liabilities", "0")),
    )


def asset_currency(body: Any) -> str:
    """XLM or CODE:ISSUER, from a record with `asset_type`."""
    if body["asset_type"] == "native":
        return NATIVE
    return f"{body['asset_code']}:{body['asset_issuer']}"


def parse_operations(body: Any) -> list[LedgerOperation]:
    """A page of `…/payments?join=transactions`."""
    return [_operation(record) for record in body["_embedded"]["records"]]


def _operation(record: Any) -> LedgerOperation:
    place = int(record["id"])
    kind, transaction = str(record["type"]), record.get("transaction") or {}
    creates = kind == "create_account"
    return LedgerOperation(
        paging_token=str(record["paging_token"]),
        transaction_hash=str(record["transaction_hash"]),
        index=place & ((1 << _INDEX_BITS) - 1),
        ledger=place >> _LEDGER_BITS,
        successful=bool(record["transaction_successful"]),
        kind=kind,
        sender=str(record.get("from") or record.get("funder") or record["source_account"]),
        # A merged account is in `account`, as a created one is: where it went is in `into`.
        to=str(record.get("to") or record.get("into") or record.get("account") or ""),
        to_muxed=str(record.get("to_muxed") or ""),
        to_muxed_id=str(record.get("to_muxed_id") or ""),
        currency=asset_currency(record) if "asset_type" in record else NATIVE,
        stroops=stroops(record.get("starting_balance" if creates else "amount", "0")),
        memo_type=str(transaction.get("memo_type") or "none"),
        memo=str(transaction.get("memo") or ""),
        created_at=parse_moment(record["created_at"]),
        sender_muxed=str(record.get("from_muxed") or ""),
        balance_changes=tuple(record.get("asset_balance_changes") or ()),
    )


def parse_moment(text: str) -> datetime:
    """RFC 3339 with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
