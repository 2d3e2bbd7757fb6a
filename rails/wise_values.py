"""What Wise's JSON means: exact amounts from text, moments in each of its formats, and the parts that we rely on."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from money import exponent

# Money left the balance, or is leaving it: every state after funding (wise reference, section 4).
FUNDED_STATES = frozenset(
    {
        "processing",
        "funds_converted",
        "outgoing_payment_sent",
        "bounced_back",
        "funds_refunded",
        "charged_back",
    }
)
WAITING = "incoming_payment_waiting"
CANCELLED = "cancelled"
SENT = "outgoing_payment_sent"
# Money is back in the balance. A bounce is not among them: Wise may still send it again.
RETURNED_STATES = frozenset({"funds_refunded", "charged_back"})


@dataclass(frozen=True, slots=True)
class WiseQuote:
    """`source_minor` is what leaves the balance, fee included; `disabled`: why it cannot be paid from it, or empty."""

    id: str
    rate: Decimal
    source_currency: str
    source_minor: int
    fee_minor: int
    target_currency: str
    target_minor: int
    expires_at: datetime
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class WiseTransfer:
    """A transfer as Wise's books have it. `target_minor` is what arrives; `ctid` is the customerTransactionId."""

    id: str
    status: str
    target_account: str
    ctid: str
    source_currency: str
    target_currency: str
    target_minor: int


def loads(text: str) -> Any:
    """JSON with every fraction as a Decimal made from its text. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def minor_units(value: object, currency: str) -> int:
    """A JSON number in major units as an int of minor units.

    Raises ValueError for anything else, and for a fraction of a minor unit: it is not ours to round.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"not a number: {type(value).__name__}")
    scaled = Decimal(value).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} is not a whole number of minor units of {currency}")
    return int(scaled)


def parse_moment(text: object) -> datetime:
    """`2026-07-31 08:44:19`, `…T…Z` or `…+0000`, with or without a fraction: aware, UTC. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("a moment is a string")
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_quote(body: Any) -> WiseQuote:
    """The quote with its option "from the balance". Raises ValueError, KeyError, TypeError for another shape."""
    options = [
        option
        for option in body["paymentOptions"]
        if option["payIn"] == "BALANCE" and option["payOut"] == body["payOut"]
    ]
    if not options:
        raise ValueError("no way to pay this quote from the balance")
    option = options[0]
    source, target = str(option["sourceCurrency"]), str(option["targetCurrency"])
    reason = option.get("disabledReason") or {}
    disabled = str(reason.get("message") or "disabled") if option.get("disabled") else ""
    return WiseQuote(
        id=str(body["id"]),
        rate=Decimal(body["rate"]),
        source_currency=source,
        source_minor=minor_units(option["sourceAmount"], source),
        fee_minor=minor_units(option["fee"]["total"], source),
        target_currency=target,
        target_minor=minor_units(option["targetAmount"], target),
        expires_at=parse_moment(body.get("expirationTime") or body["rateExpirationTime"]),
        disabled=disabled,
    )


def parse_transfer(body: Any) -> WiseTransfer:
    """Raises ValueError, KeyError, TypeError for another shape."""
    target = str(body["targetCurrency"])
    return WiseTransfer(
        id=str(int(body["id"])),
        status=str(body["status"]),
        target_account=str(body["targetAccount"]),
        ctid=str(body.get("customerTransactionId") or "").lower(),
        source_currency=str(body["sourceCurrency"]),
        target_currency=target,
        target_minor=minor_units(body["targetValue"], target),
    )


def recipient_body(details: dict[str, Any], *, profile: str, currency: str) -> dict[str, Any]:
    """The request that makes a recipient of our bank details (the contract's forms of `recipient`).

    Raises ValueError for a type that Wise is not used for; the message names no detail.
    """
    kind = details.get("type")
    if kind == "iban":
        fields: dict[str, Any] = {"IBAN": details["iban"]}
    elif kind == "sort_code":
        fields = {"sortCode": details["sort_code"], "accountNumber": details["account_number"]}
    elif kind == "aba":
        fields = {
            "abartn": details["routing_number"],
            "accountNumber": details["account_number"],
            "accountType": str(details["account_type"]).upper(),
        }
    else:
        raise ValueError("Wise is used for IBAN, sort code and routing number only")
    if details.get("address"):
        fields["address"] = _address(details["address"])
    return {
        "profile": int(profile),
        "currency": currency,
        "type": kind,
        "accountHolderName": details["account_holder"],
        "ownedByCustomer": False,
        "details": {"legalType": details.get("legal_type", "PRIVATE"), **fields},
    }


def _address(address: dict[str, str]) -> dict[str, str]:
    names = {"first_line": "firstLine", "post_code": "postCode"}
    return {names.get(name, name): value for name, value in address.items()}


def came_back(lines: list[dict[str, Any]], reference: str, currency: str) -> int | None:
    """Minor units that came back for `reference` by a statement's lines, less what was taken again; None: no trace."""
    mine = [line for line in lines if line.get("referenceNumber") == reference]
    back = [line for line in mine if line["type"] == "CREDIT"]
    debits = sorted(
        (line for line in mine if line["type"] == "DEBIT"),
        key=lambda line: parse_moment(line["date"]),
    )
    if not back:
        return None
    amounts = [abs(minor_units(line["amount"]["value"], currency)) for line in back]
    # The first debit is the funding itself.
    again = [abs(minor_units(line["amount"]["value"], currency)) for line in debits[1:]]
    return sum(amounts) - sum(again)
