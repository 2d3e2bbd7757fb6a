"""Which of the operations that Horizon lists bring money to an account, and how much. Amounts are stroops.

Rules: the Stellar reference, sections 3.4 to 3.7 and 8.11. Plain values in, plain values out: no calls here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rails.horizon_values import NATIVE, LedgerOperation, asset_currency, stroops

UNREADABLE: Final = "unreadable"
_PAYMENTS: Final = (
    "payment",
    "path_payment_strict_send",
    "path_payment_strict_receive",
    "create_account",
)
_LEDGER_BITS: Final = 32
_UNREADABLE_CHANGE: Final = (KeyError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class IncomingOperation:
    """Money for `account`, or what failed to become some. `currency` is XLM or CODE:ISSUER.

    `kind` is Horizon's word, or `unreadable` when money moved in a way that does not tell how much: the amount is 0.
    `operation_id` is the operation's own number, ascending over the whole ledger.
    """

    tx_hash: str
    operation_index: int
    operation_id: int
    kind: str
    successful: bool
    account: str
    sender: str
    amount_minor: int
    currency: str
    memo_type: str
    memo: str
    muxed_id: str
    closed_at: datetime


def ledger_of(operation_id: int) -> int:
    """The ledger of an operation: its number is ledger, place of the transaction, and index in one."""
    return operation_id >> _LEDGER_BITS


def incoming(operation: LedgerOperation, account: str) -> IncomingOperation | None:
    """What the operation brings to `account`; None when it brings nothing to it."""
    found = _what_came(operation, account)
    if found is None:
        return None
    sender, amount, currency, is_readable = found
    return IncomingOperation(
        tx_hash=operation.transaction_hash.lower(),
        operation_index=operation.index,
        operation_id=int(operation.paging_token),
        kind=operation.kind if is_readable else UNREADABLE,
        successful=operation.successful,
        account=account,
        sender=sender,
        amount_minor=amount,
        currency=currency,
        memo_type=operation.memo_type,
        # PostgreSQL takes no NUL, and a text memo may hold any bytes.
        memo=operation.memo.replace("\x00", "\ufffd")[:64],
        muxed_id=operation.to_muxed_id,
        closed_at=operation.created_at,
    )


def _what_came(operation: LedgerOperation, account: str) -> tuple[str, int, str, bool] | None:
    """Sender, amount, asset, and whether the amount is told."""
    if operation.balance_changes:
        return _contract_transfer(operation, account)
    if operation.to != account or operation.sender == account:
        return None
    sender = operation.sender_muxed or operation.sender
    if operation.kind in _PAYMENTS:
        return sender, operation.stroops, operation.currency, True
    # account_merge and whatever comes after this was written: a person reads it from the account.
    return sender, 0, NATIVE, False


def _contract_transfer(
    operation: LedgerOperation, account: str
) -> tuple[str, int, str, bool] | None:
    changes: list[dict[str, Any]] = [
        change
        for change in operation.balance_changes
        if change.get("to") == account and change.get("from") != account
    ]
    if not changes:
        return None
    first = changes[0]
    sender = str(first.get("from") or operation.sender)
    try:
        currency, amount = asset_currency(first), stroops(first["amount"])
    except _UNREADABLE_CHANGE:
        # One that nobody can read must not stop the reading of all that came after it.
        return sender, 0, NATIVE, False
    return (sender, amount, currency, True) if len(changes) == 1 else (sender, 0, currency, False)
