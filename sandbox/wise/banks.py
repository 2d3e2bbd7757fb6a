"""Bank details as Wise checks them: what each recipient type needs, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.wise import errors

Details = dict[str, Any]
Problems = list[dict[str, Any]]
IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28,
    "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "TR": 26,
}  # fmt: skip


def text(details: Details, *names: str) -> str:
    """The first given spelling of a field, without blanks and dashes."""
    value = next((details[name] for name in names if details.get(name) is not None), "")
    return re.sub(r"[\s-]", "", str(value))


def problem(path: str, message: str, value: str) -> dict[str, Any]:
    """One entry of `errors`."""
    return errors.item("NOT_VALID", message, path, path, value)


def iban_valid(iban: str) -> bool:
    """Country's length and ISO 7064 check digits."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]+", iban) or IBAN_LENGTH.get(iban[:2]) != len(iban):
        return False
    digits = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


def routing_valid(number: str) -> bool:
    """The checksum of an ABA routing number."""
    if not re.fullmatch(r"\d{9}", number):
        return False
    return sum(int(d) * w for d, w in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0


def check_iban(details: Details) -> tuple[str, Problems]:
    """IBAN."""
    iban = text(details, "IBAN", "iban").upper()
    if iban_valid(iban):
        return iban, []
    return iban, [problem("IBAN", "Please specify a valid IBAN.", iban)]


def check_sort_code(details: Details) -> tuple[str, Problems]:
    """Sort code and account number of the United Kingdom."""
    code, number = text(details, "sortCode"), text(details, "accountNumber")
    found = []
    if not re.fullmatch(r"\d{6}", code):
        found.append(problem("sortCode", "Please specify a valid 6-digit sort code.", code))
    if not re.fullmatch(r"\d{8}", number):
        found.append(problem("accountNumber", "Please specify a valid account number.", number))
    return f"{code}-{number}", found


def check_aba(details: Details) -> tuple[str, Problems]:
    """Routing and account number of the United States, and where the holder lives."""
    routing, number = text(details, "abartn"), text(details, "accountNumber")
    found = []
    if not routing_valid(routing):
        found.append(problem("abartn", "Please specify a valid routing number.", routing))
    if not re.fullmatch(r"\d{4,17}", number):
        found.append(problem("accountNumber", "Please specify a valid account number.", number))
    kind = str(details.get("accountType", ""))
    if kind.upper() not in ("CHECKING", "SAVINGS"):
        found.append(problem("accountType", "Please specify CHECKING or SAVINGS.", kind))
    address = details.get("address")
    address = address if isinstance(address, dict) else {}
    names = ["country", "city", "postCode", "firstLine"]
    if address.get("country") == "US":
        names.append("state")
    found += [
        problem(f"address.{name}", f"Please specify the address: {name}.", "")
        for name in names
        if not address.get(name)
    ]
    return f"{routing}-{number}", found


def check_swift(details: Details) -> tuple[str, Problems]:
    """SWIFT code and account number or IBAN."""
    code, number = text(details, "swiftCode").upper(), text(details, "accountNumber", "IBAN")
    found = []
    if not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", code):
        found.append(problem("swiftCode", "Please specify a valid SWIFT code.", code))
    if not re.fullmatch(r"[A-Za-z0-9]{4,34}", number):
        found.append(problem("accountNumber", "Please specify a valid account number.", number))
    return f"{code}-{number}", found


def check_email(details: Details) -> tuple[str, Problems]:
    """An address that Wise asks for the bank details."""
    address = str(details.get("email", ""))
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        return address.lower(), []
    return address, [problem("email", "Please specify a valid email.", address)]


# type -> (its only currency or None, the check, the fields that account-requirements names)
Check = Callable[[Details], tuple[str, Problems]]
TYPES: dict[str, tuple[str | None, Check, tuple[str, ...]]] = {
    "iban": (None, check_iban, ("legalType", "IBAN")),
    "sort_code": ("GBP", check_sort_code, ("legalType", "sortCode", "accountNumber")),
    "aba": (
        "USD", check_aba,
        ("legalType", "abartn", "accountNumber", "accountType", "address.country",
         "address.state", "address.city", "address.postCode", "address.firstLine"),
    ),
    "swift_code": (None, check_swift, ("legalType", "swiftCode", "accountNumber")),
    "email": (None, check_email, ("email",)),
}  # fmt: skip
