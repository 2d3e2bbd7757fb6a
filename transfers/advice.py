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
    "Stripe does not know this account, or it is not connected to you. Correct the account of this person on the "
    "booking, then press Retry: the next attempt uses the corrected one."
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
        "This Stripe account is closed. Ask the person for a new one, correct it on the booking, "
        "then press Retry."
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

_BY_FINDING_KIND: Final[dict[str, str]] = {
    "moved_twice": (
        "Stripe holds two movements for one debt. Compare both in Stripe's dashboard and take one of them back there, "
        "then say here which one."
    ),
    "moved_although_not_processing": (
        "Money moved although this debt is not being paid here. Do not pay or retry it before you know who sent it."
    ),
    "movement_differs": (
        "A movement is filed under this debt with another amount, currency or account. Find out who sent it; "
        "do not pay the debt a second time."
    ),
    "movement_missing": (
        "It is paid here and Stripe has no such movement. Check that STRIPE_API_KEY is the key of the right account."
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
        "Stripe has not said yet what became of the last attempt, so a retry could pay twice. It is asked again by "
        "itself; do not pay by hand."
    ),
    "conflict": "It changed since you looked. What you see below is fresh: decide again.",
    "already_decided": "It changed since you looked. What you see below is fresh: decide again.",
    "illegal_transition": "That step is not possible from where it stands now. What you see below is fresh.",
    "rail_paused": "Stripe is not configured here: set STRIPE_API_KEY. Nothing was sent.",
    "unavailable": (
        "Stripe could not be asked just now, so nothing was learned and nothing changed. "
        "Try again in a moment."
    ),
    "permission_denied": "Your role may not do this. Ask a colleague who may.",
    "not_found": "It does not exist, or you may not see it.",
}


def after_failure(code: str) -> str:
    """What to do about a transfer that is proven to have failed with this code of the rail."""
    return _BY_FAILURE_CODE.get(code, _ANY_FAILURE)


def about_finding(kind: str) -> str:
    """What to do about an open finding."""
    return _BY_FINDING_KIND.get(kind, _ANY_FINDING)


def after_refusal(error: Refused) -> str:
    """What to do next; the refusal's own words where they say more than its code."""
    return _BY_REFUSAL_CODE.get(error.code, error.detail)
