"""What an incoming operation is worth: pure rules, docs/checkout.md in code. Amounts are stroops."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from checkout.models import ReceiptState, SessionStatus
from rails.horizon_payments import UNREADABLE, IncomingOperation

OPEN: Final = (SessionStatus.PENDING, SessionStatus.PROCESSING)

# One reason = one thing to do about it; the console and docs/checkout.md say which.
WHY: Final[dict[str, str]] = {
    "overpaid": "It pays the session; what is beyond the amount is surplus.",
    "transaction_failed": "The transaction failed on the ledger: no money moved.",
    "no_memo": "It names no session: neither a memo nor a muxed address.",
    "unknown_memo": "No session has this memo or muxed address.",
    "wrong_account": "The session is paid to another account of ours.",
    "wrong_asset": "The session asks for another asset.",
    "wrong_issuer": "The asset has the right code and another issuer.",
    "unreadable": "The ledger moved money here in a way that does not tell how much.",
    "already_paid": "The session had been paid before.",
    "expired": "It came after the session's time was over.",
    "underpaid": "It is less than what is missing; it waits for a top-up until the session expires.",
    "applied_by_hand": "A person applied it.",
    "found_by_reconciler": "The reconciler found that the session was paid with it.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The session an operation names, as it is while its row is locked. `missing_minor`: after the parts it holds."""

    status: str
    account: str
    currency: str
    expires_at: datetime
    missing_minor: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`pays_minor` goes to the session when `state` is applied; never more than what was missing."""

    state: ReceiptState
    reason: str
    pays_minor: int = 0
    is_late: bool = False


def address_named(operation: IncomingOperation) -> int | None:
    """The number that names a session: the operation's muxed id, else the transaction's memo of type id or text.

    A muxed id is the more precise of the two, so where it is present only it counts.
    """
    text = operation.muxed_id
    if not text and operation.memo_type in ("id", "text"):
        text = operation.memo.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)


def judge(operation: IncomingOperation, asked: Asked | None) -> Verdict:
    """What becomes of an operation that was not seen before."""
    if not operation.successful:
        return Verdict(ReceiptState.FAILED, "transaction_failed")
    if operation.kind == UNREADABLE:
        return Verdict(ReceiptState.UNMATCHED, "unreadable")
    if asked is None:
        named = operation.muxed_id or operation.memo_type != "none"
        return Verdict(ReceiptState.UNMATCHED, "unknown_memo" if named else "no_memo")
    if asked.account != operation.account:
        return Verdict(ReceiptState.UNMATCHED, "wrong_account")
    if asked.currency != operation.currency:
        same_code = asked.currency.partition(":")[0] == operation.currency.partition(":")[0]
        return Verdict(ReceiptState.UNMATCHED, "wrong_issuer" if same_code else "wrong_asset")
    return _judge_amount(operation, asked)


def _judge_amount(operation: IncomingOperation, asked: Asked) -> Verdict:
    if asked.status == SessionStatus.PAID:
        return Verdict(ReceiptState.SURPLUS, "already_paid")
    # The ledger's clock decides: what was paid in time counts, however late we read it.
    if asked.status == SessionStatus.EXPIRED or operation.closed_at > asked.expires_at:
        return Verdict(ReceiptState.SURPLUS, "expired", is_late=True)
    if operation.amount_minor < asked.missing_minor:
        return Verdict(ReceiptState.UNMATCHED, "underpaid")
    reason = "overpaid" if operation.amount_minor > asked.missing_minor else ""
    return Verdict(ReceiptState.APPLIED, reason, pays_minor=asked.missing_minor)
