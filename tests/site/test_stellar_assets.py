"""STELLAR_ASSETS as people write it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from payouts_site.settings.stellar_assets import asset_issuers

ISSUER = "GA3HHWPL7P3SQFACQBIYDR5JQLFEIVJN6ZEX7RFHUELT4GM6DD73JOCH"


def test_codes_and_their_issuers() -> None:
    assert asset_issuers([f"USDC:{ISSUER}", "", f" EURC:{ISSUER}"]) == {
        "USDC": ISSUER,
        "EURC": ISSUER,
    }
    assert asset_issuers([]) == {}


@pytest.mark.parametrize(
    "entries",
    [["USDC"], [f"USDC:{ISSUER[:-1]}"], [f"XLM:{ISSUER}"], [f"USDC:{ISSUER}", f"USDC:{ISSUER}"]],
)
def test_what_cannot_be_meant_is_refused_and_named(entries: list[str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="STELLAR_ASSETS"):
        asset_issuers(entries)
