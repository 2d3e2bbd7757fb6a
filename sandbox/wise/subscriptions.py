"""Webhook subscriptions of a profile. A URL that does not answer 2xx is refused."""

from __future__ import annotations

from uuid import uuid4

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, objects
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.webhooks import TRIGGERS, Webhooks

VERSIONS = ("2.0.0", "2.1.0", "2.2.0", "3.0.0", "4.0.0")


class Subscriptions:
    """The endpoints under …/subscriptions."""

    def __init__(self, clock: Clock, books: Books, webhooks: Webhooks) -> None:
        self._clock = clock
        self._books = books
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        many, one = "/profiles/{p}/subscriptions", "/profiles/{p}/subscriptions/{s}"
        return [
            Route("subscription.create", "POST", (f"/v3{many}",), many, self._create, self._probe),
            Route("subscription.list", "GET", (f"/v3{many}",), many, self._list),
            Route("subscription.get", "GET", (f"/v3{one}",), one, self._get),
            Route("subscription.delete", "DELETE", (f"/v3{one}",), one, self._delete),
        ]

    def _delivery(self, call: Call) -> Row:
        delivery = call.body.get("delivery")
        if not isinstance(delivery, dict) or not str(delivery.get("url", "")).startswith("http"):
            raise errors.invalid("delivery.url", "Please specify a URL.", "")
        return delivery

    async def _probe(self, call: Call) -> None:
        if not await self._webhooks.probe(str(self._delivery(call)["url"])):
            message = "The callback URL did not answer 2xx."
            raise errors.coded(422, "INVALID_CALLBACK_URL", message)

    def _create(self, call: Call, change: Change) -> Reply:
        profile = self._books.profile(call.ids["p"], call.path)
        delivery = self._delivery(call)
        trigger, version = call.body.get("trigger_on"), delivery.get("version", "4.0.0")
        if trigger not in TRIGGERS:
            raise errors.invalid("trigger_on", "Unknown event.", str(trigger))
        if version not in VERSIONS:
            raise errors.invalid("delivery.version", "Unknown version.", str(version))
        row: Row = {
            "id": str(uuid4()),
            "profile": profile,
            "name": str(call.body.get("name", "")),
            "url": delivery["url"],
            "version": version,
            "trigger": trigger,
            "created": self._clock.now_ms(),
        }
        change.put("subscriptions", row["id"], row)
        return Reply(objects.subscription(row), 201)

    def _of(self, call: Call) -> Row:
        profile = self._books.profile(call.ids["p"], call.path)
        row = self._books.table("subscriptions").get(call.ids["s"])
        if row is None or row["profile"] != profile:
            raise errors.generic(404, "Subscription not found", call.path)
        return row

    def _list(self, call: Call, _change: Change) -> Reply:
        profile = self._books.profile(call.ids["p"], call.path)
        rows = self._books.table("subscriptions").values()
        return Reply([objects.subscription(row) for row in rows if row["profile"] == profile])

    def _get(self, call: Call, _change: Change) -> Reply:
        return Reply(objects.subscription(self._of(call)))

    def _delete(self, call: Call, change: Change) -> Reply:
        change.put("subscriptions", self._of(call)["id"], None)
        return Reply(None, 204)
