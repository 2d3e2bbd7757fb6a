"""Promises to tell integrators, made in the transaction of the fact: committed with it, or not at all.

Two ways in, one statement (`PROMISE`) behind both:

* `PromiseOnStatus`, a trigger for a model whose status changes are facts. Declare it in `Meta.triggers` and run
  `makemigrations`; then no path into that status, not even SQL, can forget it, and the door stays one statement:

      PromiseOnStatus(
          name="session_promises",
          events={"paid": "checkout.session.paid", "expired": "checkout.session.expired"},
          subject_type="checkout_session",
          data={"id": "NEW.id", "status": "NEW.status", "version": "NEW.version",
                "amount": amount_sql("NEW.amount_minor", "NEW.currency"), "created_at": moment_sql("NEW.created_at")},
      )

* `promise(event_type=..., subject=..., version=..., data=...)` for everything else, called inside the transaction.

`subject` and `version` name the fact ("checkout_session:12", 3): one fact makes one delivery per endpoint, however
often it is reported and by however many at once. Without an endpoint that wants it nothing is written.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import pgtrigger
from django.db import connection, models

from webhooks.events import EVENT_TYPES
from webhooks.sql_values import moment_sql, object_sql

# `{type}`, `{subject}`, `{version}` and `{data}` are SQL expressions. Every endpoint gets the same id and bytes.
PROMISE: Final = (
    "WITH wanted AS MATERIALIZED (SELECT id FROM webhooks_webhookendpoint "
    "WHERE disabled_at IS NULL AND {type} = ANY (events)), "
    "told AS MATERIALIZED (SELECT 'evt_' || replace(gen_random_uuid()::text, '-', '') AS webhook_id, "
    + object_sql({"type": "{type}", "timestamp": moment_sql("clock_timestamp()"), "data": "{data}"})
    + "::text AS payload WHERE EXISTS (SELECT FROM wanted)) "
    "INSERT INTO webhooks_webhookdelivery (endpoint_id, webhook_id, event_type, subject, version, payload) "
    "SELECT wanted.id, told.webhook_id, {type}, {subject}, {version}, told.payload FROM wanted, told "
    "ON CONFLICT (endpoint_id, event_type, subject, version) DO NOTHING"
)
_PROMISE = PROMISE.format(
    type="%(type)s::text",
    subject="%(subject)s::text",
    version="%(version)s::bigint",
    data="%(data)s::json",
)


class UnknownEventType(LookupError):
    """The contract does not know this type of event: a programming error."""


def promise(*, event_type: str, subject: str, version: int, data: Mapping[str, Any]) -> None:
    """Promise every endpoint that wants `event_type` to tell it of this fact.

    Call it in the transaction that makes the fact true, after its row is written: `data` is the object's public
    document as it is now, without bank details, JSON-serialisable, amounts as decimal strings. Makes no HTTP call.
    Raises UnknownEventType.
    """
    if event_type not in EVENT_TYPES:
        raise UnknownEventType(event_type)
    values: dict[str, str | int] = {
        "type": event_type,
        "subject": subject,
        "version": version,
        "data": json.dumps(data),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PROMISE, values)


class PromiseOnStatus(pgtrigger.Trigger):
    """Promises an event when a row comes into one of the statuses in `events` (status -> event type).

    `data`: members of the event's data as SQL expressions over NEW. `at_birth`: for a row that is inserted in such a
    status instead of one that is moved into it. It fires after the statement: rows that the same statement caused are
    there to be read.
    """

    when = pgtrigger.After

    def __init__(
        self,
        *,
        name: str,
        events: Mapping[str, str],
        subject_type: str,
        data: Mapping[str, str],
        at_birth: bool = False,
    ) -> None:
        unknown = set(events.values()) - set(EVENT_TYPES)
        if unknown:
            raise UnknownEventType(", ".join(sorted(unknown)))
        self.events, self.subject_type, self.data = dict(events), subject_type, dict(data)
        statuses = ", ".join(f"'{status}'" for status in self.events)
        moved = "" if at_birth else "OLD.status IS DISTINCT FROM NEW.status AND "
        super().__init__(
            name=name,
            operation=pgtrigger.Insert if at_birth else pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
            condition=pgtrigger.Condition(f"{moved}NEW.status IN ({statuses})"),
        )

    def get_declare(self, model: type[models.Model]) -> list[tuple[str, str]]:  # type: ignore[override]
        """The event's type, found once."""
        return [("kind", "text")]

    def get_func(self, model: type[models.Model]) -> str:  # type: ignore[override]
        """PL/pgSQL body; without an endpoint that wants it, it costs one look at a small table."""
        types = " ".join(f"WHEN '{status}' THEN '{kind}'" for status, kind in self.events.items())
        statement = PROMISE.format(
            type="kind",
            subject=f"'{self.subject_type}:' || NEW.id",
            version="NEW.version",
            data=object_sql(self.data),
        )
        return f"""
            kind := CASE NEW.status {types} END;
            IF EXISTS (SELECT FROM webhooks_webhookendpoint
                    WHERE disabled_at IS NULL AND kind = ANY (events)) THEN
                {statement};
            END IF;
            RETURN NULL;
        """
