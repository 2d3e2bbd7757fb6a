"""A client as the product's would be, on httpx2: raw answers, both families of paths."""

from __future__ import annotations

import json
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2

BUSINESS = 28891298
PERSONAL = 28891297
IBAN = "DE89370400440532013000"
ADDRESS = {
    "country": "US", "state": "CA", "city": "Berkeley", "postCode": "94701", "firstLine": "1 A St",
}  # fmt: skip


def parse(answer: httpx2.Response) -> Any:
    """JSON with decimals."""
    return json.loads(answer.text, parse_float=Decimal)


def iban_body(name: str = "Ann Example", **changes: Any) -> dict[str, Any]:
    return {
        "profile": BUSINESS,
        "currency": "EUR",
        "type": "iban",
        "accountHolderName": name,
        "details": {"legalType": "PRIVATE", "IBAN": IBAN},
        **changes,
    }


class WiseClient:
    """Short calls for the steps of a payout."""

    def __init__(self, url: str, *, timeout: float = 5) -> None:
        self.http = httpx2.Client(
            base_url=url,
            headers={"Authorization": "Bearer wise-token"},
            timeout=timeout,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> httpx2.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.http.post(path, json=body, headers=headers)

    def recipient(self, name: str = "Ann Example", **changes: Any) -> int:
        answer = self.post("/v1/accounts", iban_body(name, **changes))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def quote(self, **changes: Any) -> dict[str, Any]:
        body = {"sourceCurrency": "USD", "targetCurrency": "EUR", "targetAmount": 85.61, **changes}
        body = {name: value for name, value in body.items() if value is not None}
        answer = self.post(f"/v3/profiles/{BUSINESS}/quotes", body)
        assert answer.status_code == 200, answer.text
        quote: dict[str, Any] = parse(answer)
        return quote

    def transfer_body(self, name: str = "Ann Example", reference: str = "PO1") -> dict[str, Any]:
        return {
            "targetAccount": self.recipient(name),
            "quoteUuid": self.quote()["id"],
            "customerTransactionId": str(uuid4()),
            "details": {"reference": reference},
        }

    def create(self, body: dict[str, Any]) -> httpx2.Response:
        return self.post("/v1/transfers", body)

    def transfer(self, name: str = "Ann Example", reference: str = "PO1") -> int:
        """A new transfer's id."""
        answer = self.create(self.transfer_body(name, reference))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def fund(self, transfer: int, **headers: str) -> httpx2.Response:
        path = f"/v3/profiles/{BUSINESS}/transfers/{transfer}/payments"
        return self.post(path, {"type": "BALANCE"}, **headers)

    def paid(self, name: str = "Ann Example", reference: str = "PO1") -> int:
        """A funded transfer's id."""
        transfer = self.transfer(name, reference)
        answer = self.fund(transfer)
        assert answer.json()["status"] == "COMPLETED", answer.text
        return transfer

    def status(self, transfer: int) -> str:
        return str(self.get(f"/v1/transfers/{transfer}").json()["status"])

    def payments(self, transfer: int) -> list[Any]:
        rows: list[Any] = parse(self.get(f"/2026Q3/transfers/{transfer}/payments"))
        return rows

    def cancel(self, transfer: int) -> httpx2.Response:
        return self.http.put(f"/v1/transfers/{transfer}/cancel")

    def balance(self, currency: str = "USD") -> Decimal:
        rows = parse(self.get(f"/v4/profiles/{BUSINESS}/balances", types="STANDARD"))
        (found,) = [row for row in rows if row["currency"] == currency]
        return Decimal(found["amount"]["value"])
