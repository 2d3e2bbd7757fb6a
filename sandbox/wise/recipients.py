"""Recipients: bank details, checked, not idempotent, never deleted but deactivated."""

from __future__ import annotations

from typing import Any

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, money, objects
from sandbox.wise.banks import TYPES
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.settings import PERSONAL, PROFILES

PAGE = 20


class Recipients:
    """The endpoints under /v1/accounts, and what they ask for."""

    def __init__(self, clock: Clock, books: Books) -> None:
        self._clock = clock
        self._books = books

    def routes(self) -> list[Route]:
        many, one = "/accounts", "/accounts/{a}"
        needs, quoted = "/account-requirements", "/quotes/{q}/account-requirements"
        legacy = (f"/v1{quoted}", f"/v3{quoted}")
        return [
            Route("recipient.create", "POST", (f"/v1{many}",), many, self._create),
            Route("recipient.list", "GET", (f"/v1{many}", f"/v2{many}"), many, self._list),
            Route("recipient.get", "GET", (f"/v1{one}", f"/v2{one}"), one, self._get),
            Route("recipient.delete", "DELETE", (f"/v1{one}", f"/v2{one}"), one, self._delete),
            Route("recipient.needs", "GET", (f"/v1{needs}",), needs, self._needs),
            Route("recipient.needs", "POST", (f"/v1{needs}",), needs, self._needs),
            Route("recipient.needs", "GET", legacy, quoted, self._needs),
            Route("recipient.needs", "POST", legacy, quoted, self._needs),
        ]

    def _create(self, call: Call, change: Change) -> Reply:
        body = call.body
        profile = body.get("profile") or PERSONAL
        if profile not in PROFILES:
            raise errors.invalid("profile", "Profile not found.", str(profile))
        name, currency = str(body.get("accountHolderName") or ""), body.get("currency")
        details = body.get("details")
        problems: list[Row] = []
        if not 2 <= len(name.strip()) <= 140:
            problems.append(self._problem("accountHolderName", "Please enter the full name.", name))
        if currency not in money.IN_DOLLARS:
            problems.append(self._problem("currency", "Please specify a currency.", currency))
        account, wrong = self._account(body.get("type"), currency, details)
        problems += wrong
        if problems:
            raise errors.listed(422, *problems)
        number = self._books.recipient_ids.take()
        row: Row = {
            "id": number,
            "profile": profile,
            "name": name,
            "currency": currency,
            "type": body["type"],
            "details": details,
            "account": account,
            "active": True,
            "owned": bool(body.get("ownedByCustomer")),
            "created": self._clock.now_ms(),
            "words": None,
        }
        change.put("recipients", str(number), row)
        return Reply(objects.recipient(row, calendar=call.calendar))

    def _problem(self, path: str, message: str, value: Any) -> Row:
        return errors.item("NOT_VALID", message, path, path, str(value))

    def _account(self, kind: Any, currency: Any, details: Any) -> tuple[str, list[Row]]:
        if kind not in TYPES:
            return "", [self._problem("type", "Unknown recipient type.", kind)]
        only, check, _ = TYPES[kind]
        if only not in (None, currency):
            return "", [self._problem("currency", f"{kind} is for {only} alone.", currency)]
        if not isinstance(details, dict):
            return "", [self._problem("details", "Please specify the bank details.", "")]
        return check(details)

    def find(self, given: str, path: str) -> Row:
        """Raises WiseError 404."""
        row = self._books.table("recipients").get(given)
        if row is None:
            raise errors.generic(404, f"Account {given} not found", path)
        return row

    def _get(self, call: Call, _change: Change) -> Reply:
        row = self.find(call.ids["a"], call.path)
        return Reply(objects.recipient(row, calendar=call.calendar))

    def _delete(self, call: Call, change: Change) -> Reply:
        row = self.find(call.ids["a"], call.path)
        if not row["active"]:
            raise errors.coded(403, "account.inactive", "This recipient is inactive already.")
        row = {**row, "active": False}
        change.put("recipients", str(row["id"]), row)
        return Reply(objects.recipient(row, calendar=call.calendar))

    def _list(self, call: Call, _change: Change) -> Reply:
        profile = self._books.profile(call.query.get("profile", str(PERSONAL)), call.path)
        try:
            size = min(int(call.query.get("size", PAGE)), PAGE)
            seek = int(call.query.get("seekPosition", 0))
        except ValueError:
            raise errors.generic(400, "Bad paging parameter", call.path) from None
        currency = call.query.get("currency")
        active = call.query.get("active", "true") != "false"
        table = self._books.table("recipients")
        keys = self._books.recipients.where.get(("profile", str(profile)), [])
        rows = [
            row
            for row in map(table.__getitem__, keys)
            if row["active"] == active and currency in (None, row["currency"])
        ]
        # The legacy v1 list is whole and bare.
        if call.path.startswith("/v1"):
            return Reply([objects.recipient(row, calendar=False) for row in rows])
        found = [row for row in rows if row["id"] > seek][: size + 1]
        shown = [objects.recipient(row, calendar=True) for row in found[:size]]
        following = found[size - 1]["id"] if len(found) > size else 0
        return Reply(objects.page(shown, size, seek, following))

    def _needs(self, call: Call, _change: Change) -> Reply:
        target = call.query.get("target")
        if "q" in call.ids:
            quote = self._books.table("quotes").get(call.ids["q"])
            if quote is None:
                raise errors.generic(404, f"Quote {call.ids['q']} not found", call.path)
            target = quote["target_currency"]
        detailed = call.headers.get("accept-minor-version") == "1"
        answer = []
        for kind, (only, _, names) in TYPES.items():
            if target is None or only in (None, target):
                shown = [n for n in names if detailed or not n.startswith("address.")]
                answer.append({"type": kind, "title": kind, "usageInfo": None,
                               "fields": [self._field(name) for name in shown]})  # fmt: skip
        return Reply(answer)

    def _field(self, name: str) -> Row:
        group = {"key": name, "name": name, "type": "text", "required": True,
                 "refreshRequirementsOnChange": False, "valuesAllowed": None}  # fmt: skip
        return {"name": name, "group": [group]}
