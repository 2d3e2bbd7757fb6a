"""What people type into forms, or write into addresses: amounts, and numbers of rows. What is none of ours is None."""

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


def row_id(text: str) -> int | None:
    """The number of a row; eighteen digits always fit into a bigint, and a longer one names nothing."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def version_of(text: str) -> int | None:
    """A version that a page was made from."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


def row_ids(text: str) -> list[int]:
    """Those of a list parted by commas that are numbers of rows."""
    return [pk for one in text.split(",") if (pk := row_id(one)) is not None]
