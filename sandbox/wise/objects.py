"""The JSON shapes of Wise's objects."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.journal import Row
from sandbox.wise import times
from sandbox.wise.settings import BUSINESS, USER

# What the legacy family answers for every type: a long row of nulls.
DETAIL_NAMES = (
    "address", "email", "legalType", "accountHolderName", "accountNumber", "sortCode", "abartn",
    "accountType", "bankgiroNumber", "ifscCode", "bsbCode", "institutionNumber", "transitNumber",
    "phoneNumber", "bankCode", "russiaRegion", "routingNumber", "branchCode", "cpf", "cardNumber",
    "idType", "idNumber", "clabe", "swiftCode", "dateOfBirth", "clearingNumber", "bankName",
    "branchName", "BIC", "IBAN", "bic", "iban",
)  # fmt: skip


def recipient(row: Row, *, calendar: bool) -> Row:
    """A recipient account."""
    details = {**dict.fromkeys(DETAIL_NAMES), **row["details"]}
    answer: Row = {
        "id": row["id"],
        "business": row["profile"] if row["profile"] == BUSINESS else None,
        "profile": row["profile"],
        "accountHolderName": row["name"],
        "currency": row["currency"],
        "country": (row["details"].get("address") or {}).get("country"),
        "type": row["type"],
        "details": details,
        "user": USER,
        "active": row["active"],
        "ownedByCustomer": row["owned"],
        "confirmations": None,
    }
    if calendar:
        masked = f"({row['currency']}) account ending in {row['account'][-4:]}"
        answer |= {
            "hash": uuid5(NAMESPACE_URL, row["account"]).hex,
            "accountSummary": masked,
            "longAccountSummary": f"{row['name']} {masked}",
            "displayFields": [],
            "isInternal": False,
        }
    return answer


def option(quote: Row, row: Row) -> Row:
    """One of a quote's paymentOptions."""
    source, fee = Decimal(row["source"]), Decimal(row["fee"])
    currency = quote["source_currency"]
    value = {"amount": fee, "currency": currency, "label": f"{row['fee']} {currency}"}
    nothing = {"amount": Decimal(0), "currency": currency, "label": f"0 {currency}"}
    return {
        "payIn": row["pay_in"],
        "payOut": quote["pay_out"],
        "disabled": row["disabled"] is not None,
        **({"disabledReason": row["disabled"]} if row["disabled"] else {}),
        "sourceAmount": source,
        "targetAmount": Decimal(row["target"]),
        "sourceCurrency": currency,
        "targetCurrency": quote["target_currency"],
        "feePercentage": (fee / source).quantize(Decimal("0.0001")) if source else Decimal(0),
        "estimatedDelivery": times.zulu(quote["created"] + 8_000),
        "formattedEstimatedDelivery": "in seconds",
        "estimatedDeliveryDelays": [],
        "allowedProfileTypes": ["PERSONAL", "BUSINESS"],
        "fee": {
            "transferwise": fee,
            "payIn": Decimal(0),
            "discount": 0,
            "partner": Decimal(0),
            "total": fee,
            "priceSetId": 651,
        },
        "price": {
            "priceSetId": 651,
            "priceDecisionReferenceId": row["price_reference"],
            "total": {"type": "TOTAL", "label": "Total fees", "value": value},
            "items": [
                {"type": "PAYIN", "label": "fee", "value": nothing},
                {"type": "TRANSFERWISE", "label": "Our fee", "value": value},
            ],
        },
    }


def number(text: str | None) -> Decimal | None:
    """An amount of the books as a JSON number."""
    return None if text is None else Decimal(text)


def quote(row: Row, status: str) -> Row:
    """A quote."""
    return {
        "id": row["id"],
        "profile": row["profile"],
        "user": USER if row["profile"] else None,
        "sourceCurrency": row["source_currency"],
        "targetCurrency": row["target_currency"],
        "sourceAmount": number(row["source_amount"]),
        "targetAmount": number(row["target_amount"]),
        "providedAmountType": "TARGET" if row["target_amount"] else "SOURCE",
        "rate": Decimal(row["rate"]),
        "rateType": "FIXED",
        "rateTimestamp": times.zulu(row["created"]),
        "rateExpirationTime": times.zulu(row["expires"]),
        "expirationTime": times.zulu(row["expires"]),
        "createdTime": times.zulu(row["created"]),
        "guaranteedTargetAmountAllowed": False,
        "targetAmountAllowed": True,
        "targetAccount": row["target_account"],
        "preferredPayIn": "BALANCE",
        "payOut": row["pay_out"],
        "status": status,
        "notices": [],
        "paymentOptions": [option(row, each) for each in row["options"]],
    }


def transfer(row: Row) -> Row:
    """A transfer. `sourceValue` leaves the fee out."""
    return {
        "id": row["id"],
        "user": USER,
        "targetAccount": row["recipient"],
        "sourceAccount": row["source_account"],
        "quote": None,
        "quoteUuid": row["quote"],
        "payinSessionId": str(uuid5(NAMESPACE_URL, f"payin:{row['id']}")),
        "status": row["status"],
        "reference": row["details"].get("reference", ""),
        "rate": Decimal(row["rate"]),
        "created": times.plain(row["created"]),
        "business": row["profile"] if row["profile"] == BUSINESS else None,
        "transferRequest": None,
        "details": row["details"],
        "hasActiveIssues": row["issues"],
        "sourceCurrency": row["source_currency"],
        "sourceValue": Decimal(row["source_value"]),
        "targetCurrency": row["target_currency"],
        "targetValue": Decimal(row["target_value"]),
        "customerTransactionId": row["ctid"],
    }


def payment(row: Row) -> Row:
    """A completed payment of a transfer."""
    return {
        "id": row["id"],
        "method": "BALANCE",
        "pricingVariant": "BALANCE",
        "amount": Decimal(row["amount"]),
        "currency": row["currency"],
        "timeCreated": times.offset(row["created"]),
        "timeUpdated": times.offset(row["completed"]),
    }


def value(amount: str, currency: str) -> Row:
    """An amount with its currency."""
    return {"value": Decimal(amount), "currency": currency}


def balance(row: Row, now: int) -> Row:
    """A balance account."""
    currency = row["currency"]
    return {
        "id": row["id"],
        "currency": currency,
        "type": "STANDARD",
        "name": None,
        "icon": None,
        "investmentState": "NOT_INVESTED",
        "amount": value(row["amount"], currency),
        "reservedAmount": value("0", currency),
        "cashAmount": value(row["amount"], currency),
        "totalWorth": value(row["amount"], currency),
        "creationTime": "2026-01-05T10:00:00.000000Z",
        "modificationTime": times.zulu_ms(now),
        "visible": True,
        "primary": True,
        "groupId": None,
        "recipientId": row["id"] + 500_000,
    }


def subscription(row: Row) -> Row:
    """A webhook subscription."""
    return {
        "id": row["id"],
        "name": row["name"],
        "delivery": {"version": row["version"], "url": row["url"]},
        "trigger_on": row["trigger"],
        "scope": {"domain": "profile", "id": str(row["profile"])},
        "created_by": {"type": "user", "id": str(USER)},
        "created_at": times.zulu(row["created"]),
    }


def page(content: list[Any], size: int, current: int, following: int) -> Row:
    """The calendar family's page."""
    return {
        "content": content,
        "size": size,
        "seekPositionForCurrent": current,
        "seekPositionForNext": following,
    }
