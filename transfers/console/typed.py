"""Amounts as people type them into a form."""

import re

from money import InvalidAmount, exponent

_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


def typed_amount(text: str, currency: str) -> str:
    """Major units as `Money.parse` reads them, without the commas that our own pages write between thousands.

    A comma that may as well be somebody's decimal point is refused: "1,50" must not become 150. Raises InvalidAmount.
    """
    text = text.strip()
    if "," not in text:
        return text
    has_point = "." in text or not exponent(currency)
    if not has_point or not _THOUSANDS.fullmatch(text):
        raise InvalidAmount(
            "Write it with a point and without commas, such as 1234.50.", "invalid_amount"
        )
    return text.replace(",", "")
