"""Which asset on Stellar a currency means: XLM, `CODE:ISSUER` as it is written, a bare code by STELLAR_ASSETS."""

from django.conf import settings

from rails.horizon_values import NATIVE


def configured_assets() -> dict[str, str]:
    """Bare code to CODE:ISSUER, as STELLAR_ASSETS lists them."""
    return {code: f"{code}:{issuer}" for code, issuer in settings.STELLAR_ASSETS.items()}


def asset_of(currency: str) -> str:
    """XLM or CODE:ISSUER; empty when nothing on Stellar is meant by it here."""
    if currency == NATIVE or ":" in currency:
        return currency
    return configured_assets().get(currency, "")
