"""What must never be read in a log, an error page or an error report: secrets and bank details.

By name: a value under a telling key is dropped. By look: bearer tokens, webhook and API secrets, Stellar seeds, keys
in PEM, passwords in addresses, IBANs and account numbers are masked wherever they stand, also inside a traceback.
The house logs ids only; this is the net below that rule, for what a library, an exception's text or a person lets
slip. Audit entries pass the part of it that never hides what an entry is for: ids and references stay.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[hidden]"
_DEEPEST: Final = 8
# No secret and no IBAN is shorter: most reasons need no look at all.
_SHORTEST: Final = 8

_TELLING: Final = re.compile(
    r"pass(word|wd|phrase)|secret|token|authori[sz]ation|api[_-]?key|private[_-]?key|credential|cookie|sessionid|session_key"
    r"|csrf|signature|iban|account[_-]?(number|holder|no)\b|sort[_-]?code|routing|recipient|bank[_-]?details|dsn"
    r"|^details$|otp|recovery[_-]?code|^key$",
    re.IGNORECASE,
)
# Names that only look like one.
_HARMLESS: Final = frozenset({"preview_token", "recipient_id", "token_id", "idempotency_key"})

_SECRETS: Final = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"\b(Bearer|Basic|Token)(\s+|%20|\+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
     rf"\1 {HIDDEN}"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), f"whsec_{HIDDEN}"),
    (re.compile(r"\b([srp]k)_(live|test)?_?[A-Za-z0-9_]{4,}"), rf"\1_{HIDDEN}"),
    (re.compile(r"\bS[A-Z2-7]{55}\b"), HIDDEN),
    (re.compile(r"(?<=://)([^\s:/@]*):([^\s@/]+)@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"Failing row contains \(.*?\)\.?$", re.DOTALL | re.MULTILINE),
     f"Failing row contains {HIDDEN}"),
)  # fmt: skip
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}(?![A-Za-z0-9])")
_IBAN_IN_GROUPS: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -][A-Za-z0-9]{4}){2,7}(?:[ -][A-Za-z0-9]{1,3}\b)?"
)
_SORT_CODE: Final = re.compile(r"(?<![\w-])\d{2}-\d{2}-\d{2}(?![\w-])")
# Eight digits or more that are no part of a word, a UUID, a decimal or an address.
_ACCOUNT: Final = re.compile(r"(?<![\w.:/-])\d{8,34}(?![\w.:/-])")

# C0 and C1 controls, line and paragraph separators, and marks that turn the direction of text around.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def mask_text(text: str) -> str:
    """The text with secrets and IBANs masked; plain numbers stay."""
    if len(text) < _SHORTEST:
        return text
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return _IBAN.sub(_iban, _IBAN_IN_GROUPS.sub(_iban_in_groups, text))


def mask(value: Any) -> Any:
    """A JSON structure with `mask_text` applied to every text in it."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {name: mask(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask(inner) for inner in value]
    return value


def redact_text(text: str) -> str:
    """The text with everything that looks like a secret or a bank account masked, account numbers as well."""
    text = _SORT_CODE.sub(HIDDEN, mask_text(text))
    return _ACCOUNT.sub(lambda found: f"[…{found[0][-4:]}]", text)


def _iban(found: re.Match[str]) -> str:
    text = found[0]
    if text != text.upper() and not _checks(text):
        return text  # words and hashes in lower case are no account unless the check digits say so
    return f"[…{text[-4:]}]"


def _iban_in_groups(found: re.Match[str]) -> str:
    text = found[0]
    return HIDDEN if sum(one.isdigit() for one in text) >= 8 else text


def _checks(text: str) -> bool:
    """ISO 13616: the rearranged number is 1 modulo 97."""
    bare = text.upper()
    return int("".join(str(int(one, 36)) for one in bare[4:] + bare[:4])) % 97 == 1


def is_telling(name: str) -> bool:
    """Whether a value under this name is hidden whatever it is."""
    return name not in _HARMLESS and _TELLING.search(name) is not None


def redact(value: Any, *, depth: int = 0) -> Any:
    """The same structure with what must not be read masked; what is nested too deeply is left out."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return redact_text(str(value))
    if depth >= _DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            redact_text(str(name)): HIDDEN
            if is_telling(str(name)) and inner not in (None, "")
            else redact(inner, depth=depth + 1)
            for name, inner in value.items()
        }
    return [redact(inner, depth=depth + 1) for inner in value]


def one_line(value: Any) -> Any:
    """The same structure with control characters written out, so that no value can begin a line of its own."""
    if isinstance(value, str):
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, dict):
        return {one_line(name): one_line(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [one_line(inner) for inner in value]
    return value
