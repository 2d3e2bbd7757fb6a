"""Request examples of every operation, sparse and complete: shown in the docs, used by fuzzers, executed by a test.

`Sparse` is the least that is accepted, `Complete` has every member.
"""

from typing import Any, Final

Body = dict[str, Any]

_REASON: Final = {"reason": "As agreed on the phone."}
_IBAN: Final = {
    "type": "iban",
    "iban": "DE89370400440532013000",
    "account_holder": "Otto Muster",
}
_SORT_CODE: Final = {
    "type": "sort_code",
    "sort_code": "231470",
    "account_number": "28821822",
    "account_holder": "Otto Muster",
}
_LUIS: Final = {
    "user_id": "501",
    "name": "Luis Ortega",
    "role": "Crew lead",
    "amount": "450.00",
    "currency": "USD",
    "stripe_account": "acct_luis",
}
_MINA: Final = {
    "user_id": "502",
    "name": "Mina Park",
    "role": "Mover",
    "amount": "450.00",
    "currency": "USD",
    "stripe_account": "acct_mina",
}
_NAMED: Final = {"tx_hash": "3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39aa607c8889"}


def _believed(status: str, version: int) -> Body:
    return {"expected_status": status, "expected_version": version}


REQUESTS: Final[dict[str, dict[str, Body]]] = {
    "createBooking": {
        "Sparse": {"reference": "BK-19284", "customer_name": "Harper family", "crew": [_LUIS]},
        "Complete": {
            "reference": "BK-19285",
            "customer_name": "Harper family, 3 rooms, Portland",
            "crew": [_LUIS, _MINA],
        },
    },
    "completeBooking": {"Sparse": {}, "Complete": _REASON | {"expected_version": 1}},
    "cancelBooking": {"Sparse": _REASON, "Complete": _REASON | {"expected_version": 1}},
    "createBulkTransfers": {
        "Sparse": {},
        "Complete": {"user_ids": ["501"], "preview_token": "9f86d081884c7d659a2feaa0c55ad015"},
    },
    "reverseTransfer": {
        "Sparse": {"reason": "Left at noon."},
        "Complete": {"amount": "50.00", "currency": "USD", "reason": "Left at noon."},
    },
    "resolveFinding": {
        "Sparse": {"resolution": "paid_by_hand", "note": "The rail has it under another name."},
        "Complete": {"resolution": "paid_by_hand", "note": "The rail has it under another name."},
    },
    "createPayout": {
        "Sparse": {
            "payee": {"external_id": "payee-2041"},
            "amount": "250.00",
            "currency": "EUR",
            "rail": "wise",
            "recipient": _IBAN,
        },
        "Complete": {
            "payee": {"external_id": "payee-2042", "name": "Otto Muster", "region": "UK"},
            "amount": "250.00",
            "currency": "GBP",
            "rail": "wise",
            "recipient": _SORT_CODE,
        },
    },
    "approvePayout": {"Sparse": {}, "Complete": _REASON | _believed("requested", 1)},
    "rejectPayout": {"Sparse": {}, "Complete": _REASON | _believed("requested", 1)},
    "cancelPayout": {"Sparse": {}, "Complete": _REASON | _believed("approved", 2)},
    "retryPayout": {"Sparse": {}, "Complete": _REASON | _believed("failed", 4)},
    "setPayoutStatus": {
        "Sparse": {"status": "approved"},
        "Complete": _REASON | {"status": "approved"} | _believed("requested", 1),
    },
    "reissuePayout": {
        "Sparse": _REASON | {"recipient": _IBAN},
        "Complete": _REASON | {"recipient": _IBAN},
    },
    "putPayee": {
        "Sparse": {"name": "Otto Muster", "region": "EU"},
        "Complete": {"name": "Otto Muster", "region": "EU", "email": "otto@example.com"},
    },
    "setKyc": {
        "Sparse": {"status": "approved"},
        "Complete": {"status": "approved", "note": "Passport seen on 27 November."},
    },
    "createCommission": {
        "Sparse": {
            "reference": "C-7001",
            "payee": {"external_id": "affiliate-31"},
            "amount": "12.50",
            "currency": "EUR",
        },
        "Complete": {
            "reference": "C-7002",
            "payee": {"external_id": "affiliate-32", "name": "Ada Berg", "region": "EU"},
            "amount": "12.50",
            "currency": "EUR",
            "earned_for": "order 88123",
        },
    },
    "approveCommission": {"Sparse": {}, "Complete": _REASON | {"expected_version": 1}},
    "voidCommission": {"Sparse": _REASON, "Complete": _REASON | {"expected_version": 1}},
    "clawBackCommission": {"Sparse": _REASON, "Complete": _REASON | {"expected_version": 4}},
    "createCommissionPayout": {
        "Sparse": {"commissions": [31], "rail": "wise", "recipient": _IBAN},
        "Complete": {"commissions": [31, 32], "rail": "wise", "recipient": _IBAN},
    },
    "createCheckoutSession": {
        "Sparse": {"merchant_reference": "order-7", "amount": "10.00", "asset": "native"},
        "Complete": {
            "merchant_reference": "order-7",
            "amount": "10.00",
            "asset": {
                "code": "USDC",
                "issuer": "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN",
            },
            "expires_in": 3600,
        },
    },
    "notifyPayment": {"Sparse": _NAMED, "Complete": _NAMED},
    "createRefund": {
        "Sparse": {"amount": "6.00", "reason": "One of two came back."},
        "Complete": {"amount": "6.00", "reason": "One of two came back.", "receipt": 81},
    },
    "openDispute": {
        "Sparse": {},
        "Complete": {"amount": "6.00", "reason": "The customer says that nothing came."},
    },
    "resolveDispute": {
        "Sparse": {"outcome": "won"},
        "Complete": {"outcome": "lost", "note": "It had not come."} | _believed("open", 1),
    },
    "applyReceipt": {
        "Sparse": {"session": 12, "reason": "The customer forgot the memo."},
        "Complete": {"session": 12, "reason": "The customer forgot the memo."},
    },
    "refundReceipt": {
        "Sparse": {"reason": "It names no session."},
        "Complete": {"amount": "6.00", "reason": "It names no session."},
    },
    "approveRefund": {"Sparse": {}, "Complete": _REASON | _believed("requested", 1)},
    "rejectRefund": {"Sparse": {}, "Complete": _REASON | _believed("requested", 1)},
    "createWebhookEndpoint": {
        "Sparse": {"url": "https://shop.example/webhooks", "events": ["payout.paid"]},
        "Complete": {
            "url": "https://shop.example/webhooks/paidonce",
            "events": ["transfer.success", "transfer.failed", "payout.paid", "payout.failed"],
        },
    },
    "rotateWebhookSecret": {"Sparse": {}, "Complete": {"overlap_hours": 24}},
}


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: the examples of each operation that is in this file."""
    for path in result.get("paths", {}).values():
        for operation in path.values():
            examples = REQUESTS.get(operation.get("operationId", ""))
            if examples is None or "requestBody" not in operation:
                continue
            for media in operation["requestBody"]["content"].values():
                media["examples"] = {
                    name: {"value": body, "summary": _SUMMARIES[name]}
                    for name, body in _different(examples).items()
                }
    return result


_SUMMARIES: Final = {
    "Sparse": "The least that is accepted",
    "Complete": "With every member",
}


def _different(examples: dict[str, Body]) -> dict[str, Body]:
    """One example where the two are the same."""
    if examples["Sparse"] == examples["Complete"]:
        return {"Complete": examples["Complete"]}
    return examples
