"""Pure rules about bank details: what is valid, and how little of it is shown."""

import re
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


def check_recipient(raw: dict[str, Any]) -> CheckedRecipient:
    """Validate and normalise. Raises Invalid (422) naming the field; never repeats the value."""
    checks = {"iban": _iban, "sort_code": _sort_code, "aba": _aba, "stellar": _stellar}
    kind = str(raw.get("type", ""))
    if kind not in checks:
        raise Invalid(
            f"The type is one of {', '.join(checks)}.", field="recipient.type", code="invalid_choice"
        )
    return checks[kind](raw)


def _iban(raw: dict[str, Any]) -> CheckedRecipient:
    try:
        iban = IBAN(str(raw.get("iban", "")), validate_bban=True)
    except (SchwiftyException, ValueError) as error:
        raise Invalid("This is not a valid IBAN.", field="recipient.iban", code="invalid_iban") from error
    details = {"iban": iban.compact, "account_holder": _holder(raw)}
    return CheckedRecipient("iban", details, f"{iban.compact[:2]}•• •••• {iban.compact[-4:]}")


def _sort_code(raw: dict[str, Any]) -> CheckedRecipient:
    sort_code = re.sub(r"[ -]", "", str(raw.get("sort_code", "")))
    account = re.sub(r" ", "", str(raw.get("account_number", "")))
    if not re.fullmatch(r"[0-9]{6}", sort_code):
        raise Invalid("A sort code has 6 digits.", field="recipient.sort_code", code="invalid_sort_code")
    if not re.fullmatch(r"[0-9]{8}", account):
        raise Invalid(
            "A UK account number has 8 digits.",
            field="recipient.account_number",
            code="invalid_account_number",
        )
    details = {"sort_code": sort_code, "account_number": account, "account_holder": _holder(raw)}
    return CheckedRecipient("sort_code", details, f"UK ••••{account[-4:]}")


def _aba(raw: dict[str, Any]) -> CheckedRecipient:
    try:
        routing = str(rtn.validate(str(raw.get("routing_number", ""))))
    except ValidationError as error:
        raise Invalid(
            "This is not a valid routing number.",
            field="recipient.routing_number",
            code="invalid_routing_number",
        ) from error
    account = str(raw.get("account_number", "")).strip()
    if not re.fullmatch(r"[0-9]{4,17}", account):
        raise Invalid(
            "A US account number has 4 to 17 digits.",
            field="recipient.account_number",
            code="invalid_account_number",
        )
    account_type = str(raw.get("account_type", "")).upper()
    if account_type not in {"CHECKING", "SAVINGS"}:
        raise Invalid(
            "The account type is CHECKING or SAVINGS.",
            field="recipient.account_type",
            code="invalid_choice",
        )
    details = {
        "routing_number": routing,
        "account_number": account,
        "account_type": account_type,
        "account_holder": _holder(raw),
        "address": _address(raw),
    }
    return CheckedRecipient("aba", details, f"US ••••{account[-4:]}")


def _stellar(raw: dict[str, Any]) -> CheckedRecipient:
    from stellar_sdk import StrKey  # noqa: PLC0415 - importing it takes over a second

    address = str(raw.get("address", "")).strip()
    if not (StrKey.is_valid_ed25519_public_key(address) or StrKey.is_valid_med25519_public_key(address)):
        raise Invalid("This is not a Stellar address.", field="recipient.address", code="invalid_address")
    memo = str(raw.get("memo") or "")
    if len(memo.encode()) > 28:
        raise Invalid("A memo has 28 bytes at most.", field="recipient.memo", code="max_length")
    return CheckedRecipient(
        "stellar", {"address": address, "memo": memo}, f"{address[:4]}…{address[-4:]}"
    )


def _holder(raw: dict[str, Any]) -> str:
    holder = " ".join(str(raw.get("account_holder", "")).split())
    if not 2 <= len(holder) <= 140:
        raise Invalid(
            "The account holder's name has 2 to 140 characters.",
            field="recipient.account_holder",
            code="required",
        )
    return holder


def _address(raw: dict[str, Any]) -> dict[str, str]:
    address = raw.get("address")
    fields = ("country", "city", "first_line", "post_code")
    if not isinstance(address, dict) or any(not str(address.get(name, "")).strip() for name in fields):
        raise Invalid(
            f"The address has {', '.join(fields)}.", field="recipient.address", code="required"
        )
    known = (*fields, "state")
    return {name: str(address[name]).strip()[:100] for name in known if address.get(name)}
