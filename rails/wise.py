"""Wise Platform API through a plain HTTP client (httpx2). Rules: the Wise reference, sections 1 to 6 and 10.

No retries and no redirects here: both would decide about repeating a call that moves money without the attempt's row.
"""

import json
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2

from money import Money
from rails.answers import Declined, Done, NotNow, Reading, StepAnswer, Unclear, Unreachable
from rails.wise_errors import evidence_of, fund_refusal, refusal
from rails.wise_paths import Family, path_of
from rails.wise_values import (
    WiseQuote,
    WiseTransfer,
    came_back,
    loads,
    minor_units,
    parse_quote,
    parse_transfer,
)

_T = TypeVar("_T")
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
_PAGE = 100
_MOST_PAGES = 500
_STATEMENT_DAYS = 400  # Wise answers for 469 at most


class WiseRail:
    """Calls for payouts from one business profile. Every method is one or more HTTP calls; safe in several threads."""

    name = "wise"

    def __init__(
        self, *, token: str, api_base: str, profile_id: str, family: Family, timeout_seconds: float
    ) -> None:
        self.profile_id = profile_id
        self._family: Family = family
        self._client = httpx2.Client(
            base_url=api_base.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=httpx2.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds)),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close its connections; no call may follow."""
        self._client.close()

    def quote(
        self, target: Money, *, source_currency: str, recipient: str = ""
    ) -> StepAnswer[WiseQuote]:
        """A quote for exactly `target` to arrive, paid from the balance in `source_currency`. Moves nothing."""
        body: dict[str, Any] = {
            "sourceCurrency": source_currency,
            "targetCurrency": target.currency,
            "preferredPayIn": "BALANCE",
            "payOut": "BANK_TRANSFER",
        }
        if recipient:
            body["targetAccount"] = int(recipient)
        # The amount goes in as its own text: JSON numbers made by a program are floats.
        text = f'{json.dumps(body)[:-1]}, "targetAmount": {target.format()}}}'
        return self._step("POST", self._path("quote"), parse_quote, text)

    def add_recipient(self, body: dict[str, Any]) -> StepAnswer[str]:
        """The id of a new recipient. Not idempotent, and harmless: it moves nothing. Answers name no bank detail."""
        text = json.dumps(body)
        return self._step("POST", self._path("recipient"), _id_of, text, private=True)

    def create(self, body: dict[str, Any]) -> StepAnswer[WiseTransfer]:
        """POST a transfer with exactly `body`. Moves nothing until it is funded."""
        return self._step("POST", self._path("create"), parse_transfer, json.dumps(body))

    def fund(self, transfer: str) -> StepAnswer[str]:
        """The one call that moves money. Done: COMPLETED. Unclear: it may have moved, or may later: look it up.

        NotNow: nothing moved, the same transfer may be funded later. Declined: nothing moved, and it will not help to
        ask again.
        """
        path = self._path("fund", transfer=transfer)
        response = self._call("POST", path, '{"type": "BALANCE"}')
        if not isinstance(response, httpx2.Response):
            return response
        if not response.is_success:
            return fund_refusal(response)
        try:
            body = loads(response.text)
            status = str(body["status"])
        except _UNREADABLE:
            return Unclear("unreadable answer to the funding", evidence=evidence_of(response))
        if status == "COMPLETED":
            proof = {"balance_transaction": str(body.get("balanceTransactionId") or "")}
            return Done(status, evidence_of(response) | proof)
        if status == "REJECTED":
            return fund_refusal(response)
        return Unclear(f"the payment is {status}, not completed", evidence=evidence_of(response))

    def cancel(self, transfer: str) -> StepAnswer[WiseTransfer]:
        """Cancel for good. Declined (409) when Wise does not allow it any more."""
        return self._step("PUT", self._path("cancel", transfer=transfer), parse_transfer)

    def read(self, transfer: str) -> Reading[WiseTransfer | None]:
        """The transfer now; None when Wise does not know it."""
        return self._read(self._path("read", transfer=transfer), parse_transfer)

    def payments(self, transfer: str) -> Reading[int]:
        """How many completed payments fund this transfer; 0 = not funded at this moment.

        Unreachable also for a 404: that would be a path that Wise does not serve, not a proof.
        """
        found = self._read(self._path("payments", transfer=transfer), _count)
        if isinstance(found, Done) and found.value is None:
            return Unreachable("Wise does not show payments at this path")
        return found

    def find(
        self, ctid: str, *, since: datetime, before_page: Callable[[], None]
    ) -> Reading[list[WiseTransfer]]:
        """Every transfer with this customerTransactionId since a day before `since`."""
        return self.find_debt({ctid}, "", since=since, before_page=before_page)

    def find_debt(
        self,
        ctids: Collection[str],
        reference: str,
        *,
        since: datetime,
        before_page: Callable[[], None],
    ) -> Reading[list[WiseTransfer]]:
        """Every transfer with one of these customerTransactionIds or, unless empty, with this reference.

        From a day before `since`: all pages, matched here. The list has no such filter, and searches the personal
        profile unless told otherwise. An empty page ends it, not a short one: Wise does not say how long a page may be.
        """
        return self._listed(lambda item: _is_of_debt(item, ctids, reference), since, before_page)

    def list_since(
        self, since: datetime, *, before_page: Callable[[], None]
    ) -> Reading[list[WiseTransfer]]:
        """Every transfer of the profile from a day before `since`."""
        return self._listed(lambda _: True, since, before_page)

    def _listed(
        self,
        wanted: Callable[[dict[str, Any]], bool],
        since: datetime,
        before_page: Callable[[], None],
    ) -> Reading[list[WiseTransfer]]:
        path, offset = self._path("list"), 0
        found: list[WiseTransfer] = []
        query = {
            "profile": self.profile_id,
            "createdDateStart": (since - timedelta(days=1)).date().isoformat(),
            "limit": str(_PAGE),
        }
        for _ in range(_MOST_PAGES):
            before_page()
            page = self._read(path, _list, query | {"offset": str(offset)})
            if isinstance(page, Unreachable):
                return page
            items = page.value
            if not items:
                asked = f"GET {path}?profile={self.profile_id}&createdDateStart={query['createdDateStart']}"
                ids = [transfer.id for transfer in found]
                return Done(found, {"asked": asked, "listed": offset, "found": ids})
            offset += len(items)
            mine = (item for item in items if wanted(item))
            try:
                found += [parse_transfer(item) for item in mine]
            except _UNREADABLE:
                return Unreachable("a transfer of ours in the list could not be read")
        return Unreachable("the list does not end")

    def balances(self) -> Reading[dict[str, int]]:
        """Minor units by currency of the profile's standard balances, as they are this moment."""
        return self._read(self._path("balances"), _amounts, {"types": "STANDARD"})

    def returned(
        self, transfer: str, *, currency: str, since: datetime, before_call: Callable[[], None]
    ) -> Reading[int | None]:
        """Minor units of `currency` that came back for this transfer, by the balance's statement; None: no trace yet.

        What Wise took again after a refund (a transfer may leave funds_refunded) is taken off.
        """
        before_call()
        query = {"types": "STANDARD"}
        balances = self._read(self._path("balances"), _list, query)
        if isinstance(balances, Unreachable):
            return balances
        mine = [str(b.get("id")) for b in balances.value or () if b.get("currency") == currency]
        if not mine:
            return Unreachable(f"there is no {currency} balance")
        before_call()
        start = since - timedelta(days=1)
        query = {
            "currency": currency,
            "intervalStart": f"{start:%Y-%m-%dT%H:%M:%S}.000Z",
            "intervalEnd": f"{start + timedelta(days=_STATEMENT_DAYS):%Y-%m-%dT%H:%M:%S}.000Z",
            "type": "COMPACT",
        }

        def net(body: Any) -> int | None:
            return came_back(body["transactions"], f"TRANSFER-{transfer}", currency)

        return self._read(self._path("statement", balance=mine[0]), net, query)

    def _path(self, operation: str, **ids: str) -> str:
        return path_of(self._family, operation, profile=self.profile_id, **ids)

    def _call(
        self, method: str, path: str, text: str | None = None, query: dict[str, str] | None = None
    ) -> httpx2.Response | NotNow | Unclear:
        headers = {"X-External-Correlation-Id": str(uuid.uuid4())}
        if text is not None:
            # Without it Wise answers a body with 500.
            headers["Content-Type"] = "application/json"
        evidence = {"correlation_id": headers["X-External-Correlation-Id"]}
        try:
            return self._client.request(method, path, content=text, params=query, headers=headers)
        except _NOT_SENT as error:
            return NotNow(f"no connection ({type(error).__name__})", 5.0, evidence)
        except httpx2.HTTPError as error:
            return Unclear(f"no answer ({type(error).__name__})", evidence=evidence)

    def _step(
        self,
        method: str,
        path: str,
        parse: Callable[[Any], _T],
        text: str | None = None,
        *,
        private: bool = False,
    ) -> StepAnswer[_T]:
        response = self._call(method, path, text)
        if not isinstance(response, httpx2.Response):
            return response
        if not response.is_success:
            return refusal(response, private=private)
        evidence = evidence_of(response, private=private)
        try:
            return Done(parse(loads(response.text)), evidence)
        except _UNREADABLE as error:
            return Unclear(f"unreadable answer ({type(error).__name__})", evidence=evidence)

    def _read(
        self, path: str, parse: Callable[[Any], _T], query: dict[str, str] | None = None
    ) -> Reading[Any]:
        response = self._call("GET", path, query=query)
        if not isinstance(response, httpx2.Response):
            return Unreachable(response.reason)
        evidence = {"asked": f"GET {path}", **evidence_of(response)}
        if response.status_code == 404:
            return Done(None, evidence)
        if not response.is_success:
            answer = refusal(response)
            return Unreachable(answer.code if isinstance(answer, Declined) else answer.reason)
        try:
            return Done(parse(loads(response.text)), evidence)
        except _UNREADABLE as error:
            return Unreachable(f"unreadable answer ({type(error).__name__})")


def _id_of(body: Any) -> str:
    return str(int(body["id"]))


def _list(body: Any) -> list[dict[str, Any]]:
    items = body["content"] if isinstance(body, dict) else body
    return [dict(item) for item in items]


def _is_of_debt(item: dict[str, Any], ctids: Collection[str], reference: str) -> bool:
    if str(item.get("customerTransactionId")).lower() in ctids:
        return True
    return reference != "" and item.get("reference") == reference


def _amounts(body: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for balance in _list(body):
        amount = balance["amount"]
        currency = str(amount["currency"])
        found[currency] = found.get(currency, 0) + minor_units(amount["value"], currency)
    return found


def _count(body: Any) -> int:
    return len(_list(body))
