"""Pure rules about bank details: what is valid, and how little of it is shown.

A refusal names the field and never repeats the value, not even in the exception that caused it: tracebacks are logged.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from stdnum.exceptions import ValidationError
from stdnum.us import rtn

from guard.errors import Invalid


@dataclass(frozen=True, slots=True)
class CheckedRecipient:
    """Details that hold up: `type`, normalised `details`, and what people see of them."""

    type: str
    details: dict[str, Any]
    masked: str
    country: str = ""


_FIELDS = {
    "iban": {"iban", "account_holder"},
    "sort_code": {"sort_code", "account_number", "account_holder"},
    "aba": {"routing_number", "account_number", "account_type", "account_holder", "address"},
    "stellar": {"address", "memo"},
}
_ADDRESS = ("country", "state", "city", "post_code", "first_line")
_ADDRESS_NAMES = {
    "postCode": "post_code",
    "postal_code": "post_code",
    "firstLine": "first_line",
    "line1": "first_line",
}
_ADDRESS_NEEDED = ("country", "city", "post_code", "first_line")


def check_recipient(raw: Mapping[str, Any]) -> CheckedRecipient:
    """Validate and normalise. Raises Invalid (422) naming the field; never repeats the value."""
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise _invalid("type", "invalid_choice", f"The type is one of {', '.join(_CHECKS)}.")
    for name in raw:
        if name != "type" and name not in _FIELDS[kind]:
            raise _invalid(str(name)[:64], "unknown_field", f"{kind} has no such field.")
    return _CHECKS[kind](raw)


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, field=f"recipient.{field}", code=code)


def _text(raw: Mapping[str, Any], name: str, *, longest: int = 140) -> str:
    """One line without outer blanks; "" when it is not there."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(name, "invalid", "This is a string.")
    if not value.isprintable() or len(value) > longest:
        raise _invalid(name, "invalid", f"One line of at most {longest} characters.")
    return value.strip()


def _iban(raw: Mapping[str, Any]) -> CheckedRecipient:
    try:
        iban = IBAN(_text(raw, "iban"), validate_bban=True)
    except (SchwiftyException, ValueError):
        raise _invalid("iban", "invalid_iban", "This is not a valid IBAN.") from None
    details = {"iban": iban.compact, "account_holder": _holder(raw)}
    masked = f"{iban.compact[:2]}•• •••• {iban.compact[-4:]}"
    return CheckedRecipient("iban", details, masked, iban.country_code)


def _sort_code(raw: Mapping[str, Any]) -> CheckedRecipient:
    sort_code = re.sub(r"[ -]", "", _text(raw, "sort_code"))
    account = _text(raw, "account_number").replace(" ", "")
    if not re.fullmatch(r"[0-9]{6}", sort_code):
        raise _invalid("sort_code", "invalid_sort_code", "A sort code has 6 digits.")
    if not re.fullmatch(r"[0-9]{8}", account):
        raise _invalid(
            "account_number", "invalid_account_number", "A UK account number has 8 digits."
        )
    details = {"sort_code": sort_code, "account_number": account, "account_holder": _holder(raw)}
    return CheckedRecipient("sort_code", details, f"UK ••••{account[-4:]}", "GB")


def _aba(raw: Mapping[str, Any]) -> CheckedRecipient:
    try:
        routing = str(rtn.validate(_text(raw, "routing_number")))
    except ValidationError:
        raise _invalid(
            "routing_number", "invalid_routing_number", "This is not a valid routing number."
        ) from None
    account = _text(raw, "account_number").replace(" ", "")
    if not re.fullmatch(r"[0-9]{4,17}", account):
        raise _invalid(
            "account_number", "invalid_account_number", "A US account number has 4 to 17 digits."
        )
    account_type = _text(raw, "account_type").upper()
    if account_type not in {"CHECKING", "SAVINGS"}:
        raise _invalid("account_type", "invalid_choice", "The account type is CHECKING or SAVINGS.")
    details = {
        "routing_number": routing,
        "account_number": account,
        "account_type": account_type,
        "account_holder": _holder(raw),
        "address": _address(raw),
    }
    return CheckedRecipient("aba", details, f"US ••••{account[-4:]}", "US")


def _stellar(raw: Mapping[str, Any]) -> CheckedRecipient:
    from stellar_sdk import StrKey  # noqa: PLC0415 - importing it takes a second, and few need it

    address = _text(raw, "address")
    if not (
        StrKey.is_valid_ed25519_public_key(address) or StrKey.is_valid_med25519_public_key(address)
    ):
        raise _invalid("address", "invalid_address", "This is not a Stellar address.")
    memo = _text(raw, "memo")
    if len(memo.encode()) > 28:
        raise _invalid("memo", "max_length", "A memo has 28 bytes at most.")
    details = {"address": address, "memo": memo}
    return CheckedRecipient("stellar", details, f"{address[:4]}…{address[-4:]}")


def _holder(raw: Mapping[str, Any]) -> str:
    holder = " ".join(_text(raw, "account_holder").split())
    if len(holder) < 2:
        raise _invalid(
            "account_holder", "required", "The account holder's name has 2 to 140 characters."
        )
    return holder


def _address(raw: Mapping[str, Any]) -> dict[str, str]:
    given = raw.get("address")
    if not isinstance(given, Mapping):
        given = {}
    named = {_ADDRESS_NAMES.get(str(name), str(name)): value for name, value in given.items()}
    address = {name: _text(named, name, longest=100) for name in _ADDRESS}
    if set(named) - set(_ADDRESS) or not all(address[name] for name in _ADDRESS_NEEDED):
        needed = ", ".join(_ADDRESS_NEEDED)
        raise _invalid("address", "required", f"The address has {needed}, and perhaps state.")
    return {name: value for name, value in address.items() if value}


_CHECKS: dict[str, Callable[[Mapping[str, Any]], CheckedRecipient]] = {
    "iban": _iban,
    "sort_code": _sort_code,
    "aba": _aba,
    "stellar": _stellar,
}
