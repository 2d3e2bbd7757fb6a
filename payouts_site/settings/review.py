"""Payout review: what may be approved, at which rates, and the keys that bank details are kept under."""

from decimal import Decimal

from payouts_site.settings.environment import env
from payouts_site.settings.stellar import STELLAR_ASSETS

# Bank details are encrypted under these secrets, newest first; without any, under one made from SECRET_KEY.
RECIPIENT_KEYS = env.list("RECIPIENT_KEYS", default=[])
BASE_CURRENCY = env.str("BASE_CURRENCY", default="USD")
# What one reviewer may approve in 24 hours, in the base currency.
APPROVAL_LIMIT = env.str("APPROVAL_LIMIT", default="1000000.00")
# Units of the base currency for one unit, for requests that have no quote. Rough on purpose: they bound a limit.
BASE_RATES = {
    currency: Decimal(rate)
    for currency, rate in env.dict(
        "BASE_RATES",
        default={
            "EUR": "1.15",
            "GBP": "1.35",
            "CHF": "1.25",
            "CAD": "0.75",
            "AUD": "0.70",
            "NZD": "0.62",
            "PLN": "0.28",
            "CZK": "0.05",
            "HUF": "0.003",
            "RON": "0.24",
            "SEK": "0.11",
            "NOK": "0.11",
            "DKK": "0.16",
            "TRY": "0.03",
            "JPY": "0.007",
            "INR": "0.012",
            "MXN": "0.06",
            "BRL": "0.20",
            "XLM": "0.50",
            "USDC": "1.00",
            "EURC": "1.15",
        },
    ).items()
}
# An asset written in full counts as its code does, if it is the one that the code means here.
BASE_RATES |= {
    f"{code}:{issuer}": BASE_RATES[code]
    for code, issuer in STELLAR_ASSETS.items()
    if code in BASE_RATES
}
# How much more a payout may cost at dispatch than in the quote that was signed.
QUOTE_MAX_DRIFT_PERCENT = Decimal(env.str("QUOTE_MAX_DRIFT_PERCENT", default="2"))
# From this much on, in the base currency, a reviewer at the console types the amount before approving it.
STEP_UP_AMOUNT = env.str("STEP_UP_AMOUNT", default="50000.00")
