"""What to do about a failure, a disagreement or a refusal, in plain words. Pure; knows codes, not people's screens.

An advice is an order of one or two sentences. It never tells anybody to pay by hand what may have been paid.
"""

from typing import Final

from guard.errors import Refused

_TOP_UP: Final = (
    "Your Stripe balance does not cover this transfer. Top it up, or wait for the next settlement, "
    "then press Retry."
)
_ONBOARDING: Final = (
    "This person's Stripe account may not receive transfers yet. Ask them to finish their Stripe onboarding, "
    "then press Retry."
)
_ACCOUNT: Final = (
    "Stripe does not know this account, or it is not connected to you. Have it corrected (manage.py correct_account), "
    "then press Retry: the next attempt uses the corrected one."
)
_AMOUNT: Final = (
    "Stripe does not accept this amount. Correct the booking with the team that made it; "
    "a retry alone will fail again."
)

_BY_FAILURE_CODE: Final[dict[str, str]] = {
    "balance_insufficient": _TOP_UP,
    "insufficient_funds": _TOP_UP,
    "insufficient_capabilities_for_transfer": _ONBOARDING,
    "transfers_not_allowed": _ONBOARDING,
    "account_closed": (
        "This Stripe account is closed. Ask the person for a new one, have it corrected "
        "(manage.py correct_account), then press Retry."
    ),
    "account_invalid": _ACCOUNT,
    "no_account": _ACCOUNT,
    "resource_missing": _ACCOUNT,
    "account_country_invalid_address": _ONBOARDING,
    "amount_too_small": _AMOUNT,
    "amount_too_large": _AMOUNT,
    "parameter_invalid_integer": _AMOUNT,
    "not_executed": (
        "Every place where Stripe would show a movement was checked and is empty. Nothing was paid: press Retry."
    ),
    "platform_account_required": (
        "The key in STRIPE_API_KEY is not a platform's key. Tell whoever runs this installation."
    ),
    "testmode_charges_only": (
        "Stripe has not activated your account for live payments. Finish its activation, "
        "then press Retry."
    ),
}
_ANY_FAILURE: Final = (
    "Stripe refused this transfer and nothing was paid. Put right what it says, then press Retry."
)

# Of payouts through Wise. A payout request is decided anew before it is sent anew.
_DETAILS: Final = (
    "Wise does not accept these bank details. Ask the payee for the right ones, "
    "then reissue the request into them."
)
_DECIDE_AGAIN: Final = (
    "Nothing was paid. Put the request back into the queue to have it decided anew."
)
_BY_WISE_CODE: Final[dict[str, str]] = {
    "recipient_unsupported": _DETAILS,
    "NOT_VALID": _DETAILS,
    "quote_refused": (
        "It would cost more than was approved, or Wise quoted something else. Put the request back into the queue: "
        "the new price is approved or not."
    ),
    "transfer_differs": (
        "Wise made another transfer than the one asked for, and it was not funded. Resolve the finding first, then "
        "put the request back into the queue."
    ),
    "cancelled_at_rail": (
        "Somebody cancelled it at Wise before it was funded. Find out why, then put the request back into the queue."
    ),
    "cancelled_by_person": (
        "It was stopped on purpose. The request goes back to a reviewer, with KYC looked at again."
    ),
    "released_by_people": (
        "Two people decided that nothing moved. If Wise shows a payment after all, it becomes a finding."
    ),
    "earlier_moved": (
        "An earlier attempt was paid after all. Open the request and press “Cancel at the rail”, or leave it at that "
        "and do not approve it again."
    ),
    "balance.payment-option-unavailable": (
        "Wise does not let this be paid from the balance. Ask Wise, then put the request back into the queue."
    ),
}
_TOP_UP_WISE: Final = (
    "Top up the Wise balance. The same transfer is funded by itself then; do not approve it again."
)
_BY_WAITING_CODE: Final[dict[str, str]] = {
    "strong_customer_authentication": (
        "Approve it in Wise's app, or use a token that needs no approval. It is asked again by itself."
    ),
    "balance.insufficient-funds": _TOP_UP_WISE,
    "transfer.insufficient_funds": _TOP_UP_WISE,
    "balance.no-balance-for-currency": "Open a balance in this currency at Wise and fill it.",
    "bad_credentials": "Tell whoever runs this installation: the rail does not accept its credentials.",
    "recipient_unreadable": "Tell whoever runs this installation: RECIPIENT_KEYS lacks the key of these bank details.",
    "pay_in_disabled": "Look at the Wise account: paying from its balance is switched off now.",
    "rate_limit": "Nothing to do: it is asked again by itself.",
    "channel_busy": "Nothing to do: it goes with the next transaction. More STELLAR_CHANNELS make that sooner.",
    "channel_missing": "Tell whoever runs this installation to run manage.py stellar_channels.",
    "treasury_missing": "Tell whoever runs this installation: STELLAR_TREASURY_SECRET names no account there.",
    "treasury_underfunded": "Top up the treasury. It is sent by itself then; do not approve it again.",
    "earlier_alive": "Nothing to do: within minutes the ledger itself says what became of the earlier one.",
    "not_taken": "Nothing to do: the same transaction is offered again by itself.",
    "unreachable": "Nothing to do while Horizon is away: it is asked again by itself.",
    "create_unclear": "Nothing to do: the transfer is looked for, and only funded once it is found.",
    "cancel_unclear": "Nothing to do: its state is read again by itself.",
}
_ANY_WAITING: Final = "Nothing to do now: it is asked again by itself. Do not pay by hand."
WHILE_UNKNOWN: Final = (
    "The rail is asked again by itself. Do not pay by hand, and do not reissue it: "
    "it may have been paid."
)
# Where a failed one is asked for again: a payout at its request, a refund at the money that came in.
_AGAIN: Final = "then retry the payout request: it is decided anew and sent once more."
_REFUND_AGAIN: Final = "then ask for a new refund: a failed one stays failed."
_TRUST: Final = (
    "Nothing was paid. Ask {who} to let their account hold this asset, with enough room, {again}"
)
_STELLAR_FAILURES: Final[dict[str, str]] = {
    "op_no_destination": (
        "There is no such account on Stellar, so nothing was paid. Ask {who} to fund it, {again}"
    ),
    "op_no_trust": _TRUST,
    "op_line_full": _TRUST,
    "op_not_authorized": (
        "The issuer has not allowed this account to hold the asset, and nothing was paid. Ask {who} to settle "
        "that with the issuer, {again}"
    ),
    "memo_required": (
        "The address belongs to many people and needs a memo; without it the money would be lost to the payee, so "
        "nothing was sent. Ask for the memo and reissue the payout request with it."
    ),
    "recipient_unsupported": (
        "Nothing was paid. Ask the payee for another address and reissue the payout request with it."
    ),
    "op_no_issuer": "The issuer of this asset is gone. Nothing was paid: agree on another currency.",
    "asset_unknown": (
        "Nothing was paid. Tell whoever runs this installation to name the asset in STELLAR_ASSETS, {again}"
    ),
    "op_underfunded": "The treasury does not hold enough. Nothing was paid: top it up, {again}",
    "op_src_no_trust": "The treasury may not hold this asset. Nothing was paid: tell whoever runs it, {again}",
    "tx_bad_auth": (
        "The network refused the signature. Nothing was paid: tell whoever runs this installation to check "
        "STELLAR_TREASURY_SECRET and STELLAR_NETWORK_PASSPHRASE."
    ),
    "tx_insufficient_fee": (
        "The network was too busy for the fee that is offered. Nothing was paid: raise STELLAR_MAX_FEE_STROOPS, "
        "{again}"
    ),
    "not_executed": (
        "The time of every transaction is over and no ledger holds one: it is proven that nothing was paid. "
        "Look at the network's state, {again}"
    ),
}  # fmt: skip
# A refund goes only where the money came from.
_REFUND_FAILURES: Final[dict[str, str]] = {
    "memo_required": (
        "The money came from an address of many people that needs a memo, which a refund does not carry, so nothing "
        "was sent. Ask the sender for an address of their own, and pay that with a payout request."
    ),
    "recipient_unsupported": (
        "Nothing was paid: this address cannot be paid on Stellar. Settle it with the sender."
    ),
}
_ANY_OF_RAIL: Final[dict[str, str]] = {
    "stripe": _ANY_FAILURE,
    "wise": _DECIDE_AGAIN,
    "stellar": "Stellar did not take this and it is proven that nothing was paid. Put right what it says, {again}",
}  # fmt: skip

_BY_FINDING_KIND: Final[dict[str, str]] = {
    "cancelled_although_sent": (
        "A payment of a request that nobody wants paid is out at the rail. Open the request and press “Cancel at the "
        "rail”: it says what is left to do, and closes this once the money is back."
    ),
    "paid_although_not_approved": (
        "Money moved for a request that is not approved. Open the request and press “Cancel at the rail”."
    ),
    "approved_twice": (
        "Open the request and press “Prove one payment”: it looks for every payment of this debt at the rail."
    ),
    "left_after_return": (
        "Money that had come back left again. Do not approve or reissue it before the rail shows where it went."
    ),
    "funding_refused_after_unknown": (
        "Wise refuses to fund it now, and nobody knows what became of an earlier call. Look at the transfer at Wise; "
        "then open the request and press “Cancel at the rail”."
    ),
    "moved_twice": (
        "The rail holds two movements for one debt. Compare both in its dashboard and take one of them back there, "
        "then say here which one. For a payout request, “Prove one payment” on its page closes this."
    ),
    "moved_although_not_processing": (
        "Money moved although this debt is not being paid here. Do not pay it by hand. Once you know who sent it, "
        "resolve this and press Retry: the rail is asked first, and what it shows is taken over instead of sent again."
    ),
    "movement_differs": (
        "A movement is filed under this debt with another amount, currency or account. Find out who sent it; do not "
        "pay the debt a second time. While its outcome is unknown, two people may decide that it is the one."
    ),
    "movement_missing": (
        "It is paid here and the rail has no such movement. Check that its credentials are those of the right account."
    ),
    "proof_was_wrong": (
        "It is paid: a Horizon that was far behind had said otherwise. Nothing more is sent; do not pay by hand. Let "
        "two people say that it moved, naming the payment (payout_release)."
    ),
    "history_cut": (
        "The transaction is not in the ledger as far as this Horizon remembers, and it does not remember far enough to "
        "prove that. Point HORIZON_URL at one with the whole history; do not pay by hand before it has answered."
    ),
}
DISPUTED: Final = (
    "Stripe's books show a movement for it although it failed here, so a retry could pay twice. "
    "Resolve the finding first."
)
_ANY_FINDING: Final = (
    "Compare both sides, put right what is wrong, then write down here what you did."
)

_BY_REFUSAL_CODE: Final[dict[str, str]] = {
    "preview_stale": (
        "Somebody was paid or changed since you opened this, so nobody was paid by your click. "
        "The list below is fresh: look at it, then press the button again if it is still needed."
    ),
    "outcome_unknown": (
        "The rail has not said yet what became of the last attempt, so a retry could pay twice. It is asked again by "
        "itself; do not pay by hand."
    ),
    "conflict": "It changed since you looked. What you see below is fresh: decide again.",
    "already_decided": "It changed since you looked. What you see below is fresh: decide again.",
    "illegal_transition": "That step is not possible from where it stands now. What you see below is fresh.",
    "permission_denied": "Your role may not do this. Ask a colleague who may.",
    "not_found": "It does not exist, or you may not see it.",
}
_NOTHING_HAPPENED: Final[dict[str, str]] = {
    "rail_paused": "Nothing was sent.",
    "unavailable": "Nothing was learned and nothing changed: try again in a moment.",
}


def after_failure(code: str, rail: str = "stripe", source: str = "payout") -> str:
    """What to do about a transfer that is proven to have failed with this code of its rail; `source`: its type."""
    if source == "refund" and code in _REFUND_FAILURES:
        return _REFUND_FAILURES[code]
    known = {"stripe": _BY_FAILURE_CODE, "wise": _BY_WISE_CODE, "stellar": _STELLAR_FAILURES}
    text = known[rail].get(code, _ANY_OF_RAIL[rail])
    of_refund = source == "refund"
    return text.replace("{who}", "the sender" if of_refund else "the payee").replace(
        "{again}", _REFUND_AGAIN if of_refund else _AGAIN
    )


def while_waiting(code: str) -> str:
    """What a person should do while the rail wants to be asked later, with this code."""
    return _BY_WAITING_CODE.get(code, _ANY_WAITING)


def about_finding(kind: str) -> str:
    """What to do about an open finding."""
    return _BY_FINDING_KIND.get(kind, _ANY_FINDING)


def after_refusal(error: Refused) -> str:
    """What to do next; the refusal's own words where they say more than its code, such as which rail it is about."""
    if error.code in _NOTHING_HAPPENED:
        return f"{error.detail} {_NOTHING_HAPPENED[error.code]}"
    return _BY_REFUSAL_CODE.get(error.code, error.detail)
