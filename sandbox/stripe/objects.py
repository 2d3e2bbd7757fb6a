"""The JSON shapes of Stripe's objects, and new ids for them."""

from __future__ import annotations

import os
from typing import Any

from sandbox.journal import Row

API_VERSION = "2026-10-28.endive"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """`tr_1…`: 24 letters and digits after the prefix."""
    number = int.from_bytes(os.urandom(17), "big")
    letters = []
    for _ in range(23):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return f"{prefix}_1{''.join(letters)}"


def listing(url: str, data: list[Row], *, has_more: bool = False) -> Row:
    """A page; all four keys are needed by the SDK's paging."""
    return {"object": "list", "url": url, "has_more": has_more, "data": data}


def transfer(identity: str, *, created: int, fields: Row) -> Row:
    """A transfer; `fields` are amount, currency, destination and what else the caller gave."""
    return {
        "id": identity,
        "object": "transfer",
        "amount": fields["amount"],
        "amount_reversed": 0,
        "balance_transaction": new_id("txn"),
        "created": created,
        "currency": fields["currency"],
        "description": fields["description"],
        "destination": fields["destination"],
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": fields["metadata"],
        "reversals": {
            **listing(f"/v1/transfers/{identity}/reversals", []),
            "total_count": 0,
        },
        "reversed": False,
        "source_transaction": None,
        "source_type": fields["source_type"],
        "transfer_group": fields["transfer_group"],
    }


def reversal(parent: Row, *, amount: int, created: int, fields: Row) -> Row:
    """A transfer_reversal of `amount` minor units."""
    return {
        "id": new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "created": created,
        "currency": parent["currency"],
        "destination_payment_refund": new_id("pyr"),
        "metadata": fields["metadata"],
        "source_refund": None,
        "transfer": parent["id"],
    }


def balance_transaction(source: Row, *, amount: int, kind: str, category: str) -> Row:
    """The ledger's line for a transfer (negative) or a reversal (positive)."""
    return {
        "id": source["balance_transaction"],
        "object": "balance_transaction",
        "amount": amount,
        "available_on": source["created"],
        "balance_type": "payments",
        "created": source["created"],
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": category,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }


def balance(available: dict[str, int]) -> Row:
    """The balance in minor units per currency."""
    return {
        "object": "balance",
        "available": [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in available.items()
        ],
        "connect_reserved": [{"amount": 0, "currency": currency} for currency in available],
        "livemode": False,
        "pending": [
            {"amount": 0, "currency": currency, "source_types": {"card": 0}}
            for currency in available
        ],
    }


def _requirements(past_due: list[str]) -> Row:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": past_due,
        "disabled_reason": "requirements.past_due" if past_due else None,
        "errors": [],
        "eventually_due": past_due,
        "past_due": past_due,
        "pending_verification": [],
    }


def account(identity: str, state: Row) -> Row:
    """A connected account from the little that the sandbox knows about it."""
    active = state["transfers"] == "active"
    due = [] if active else ["individual.verification.document"]
    return {
        "id": identity,
        "object": "account",
        "type": "express",
        "business_type": "individual",
        "capabilities": {"card_payments": state["transfers"], "transfers": state["transfers"]},
        "charges_enabled": active,
        "controller": {
            "fees": {"payer": "application"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": state["country"],
        "created": state["created"],
        "default_currency": state["default_currency"],
        "details_submitted": True,
        "email": state["email"],
        "external_accounts": {
            **listing(f"/v1/accounts/{identity}/external_accounts", []),
            "total_count": 0,
        },
        "future_requirements": _requirements([]),
        "metadata": state["metadata"],
        "payouts_enabled": state["payouts_enabled"],
        "requirements": _requirements(due),
        "settings": {
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            }
        },
        "tos_acceptance": {"date": state["created"], "ip": "192.0.2.1"},
    }


def capability(identity: str, name: str, state: Row) -> Row:
    """One capability of an account."""
    due = [] if state["transfers"] == "active" else ["individual.verification.document"]
    return {
        "id": name,
        "object": "capability",
        "account": identity,
        "future_requirements": _requirements([]),
        "requested": True,
        "requested_at": state["created"],
        "requirements": _requirements(due),
        "status": state["transfers"],
    }


def event(kind: str, payload: Row, *, created: int, request: dict[str, Any]) -> Row:
    """An event; `request` is {id, idempotency_key}, the one place that gives the key back."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "context": None,
        "created": created,
        "data": {"object": payload},
        "livemode": False,
        "pending_webhooks": 1,
        "request": request,
        "type": kind,
    }
