"""How STELLAR_ASSETS is read: before Django is there, and without the Stellar SDK."""

import re
from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured

_ENTRY = re.compile(r"([A-Za-z0-9]{1,12}):(G[A-Z2-7]{55})")


def asset_issuers(entries: Iterable[str]) -> dict[str, str]:
    """`["USDC:G…"]` as `{"USDC": "G…"}`. Raises ImproperlyConfigured, naming the entry.

    XLM is refused, because it is the native asset's name, and so is a code that is given twice.
    """
    issuers: dict[str, str] = {}
    for entry in filter(None, (entry.strip() for entry in entries)):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ImproperlyConfigured(f"STELLAR_ASSETS: {entry!r} is not CODE:ISSUER.")
        code, issuer = match.groups()
        if code == "XLM" or code in issuers:
            raise ImproperlyConfigured(f"STELLAR_ASSETS: {code} already has a meaning.")
        issuers[code] = issuer
    return issuers
