"""What to do about money that pays nothing, one sentence for each reason."""

from typing import Final

from checkout.models import Receipt, ReceiptState
from checkout.selectors import payment_of

_DO: Final[dict[str, str]] = {
    "no_memo": "Find whose it is and apply it to the session, or refund it to its sender.",
    "unknown_memo": "Look for a mistyped memo: apply it to the session it was meant for, or refund it.",
    "wrong_account": "Apply it to the session by hand, or refund it.",
    "wrong_asset": "Refund it, and ask the customer to pay in the asset of the session.",
    "wrong_issuer": "It may be worthless: refund it, and ask for the issuer of the session.",
    "unreadable": "Read the amount from the account at an explorer, then resolve the finding.",
    "already_paid": "The customer paid twice: refund it, or apply it to another session of theirs.",
    "expired": "Ask the customer: refund it, or make a new session and apply it there.",
    "underpaid": "Wait for the top-up until the session expires, or refund it.",
    "transaction_failed": "Nothing to do: no money moved.",
    "overpaid": "Refund what is beyond the amount.",
}


def what_to_do(receipt: Receipt) -> str:
    """The next step; empty when there is none."""
    if receipt.status == ReceiptState.APPLIED:
        # Also of what a person or the reconciler applied.
        beyond = _beyond(receipt)
        if beyond > receipt.held_minor:
            return _DO["overpaid"]
        return "What was beyond the amount went back, or is on its way." if beyond else ""
    # What nobody could read has an amount of 0, of which nothing was given back.
    if receipt.held_minor and receipt.left_minor == 0:
        return "All of it was given back, or is on its way."
    return _DO.get(receipt.reason, "")


def _beyond(receipt: Receipt) -> int:
    """Stroops that are more than what it pays."""
    payment = payment_of(receipt)
    return 0 if payment is None else receipt.amount_minor - payment.amount_minor
