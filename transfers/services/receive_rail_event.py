"""An inbound webhook: verified on the raw body, stored once, applied later."""

import json
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from guard.errors import Refused
from rails.stripe import BadSignature, verify_event
from transfers.wake import EVENT_TASK, wake_after_commit


class SignatureRefused(Refused):
    """Not signed with our secret, or too old; nothing was stored."""

    code = "bad_signature"
    http_status = 400
    title = "The signature does not fit"


def receive_stripe_event(*, payload: bytes, signature: str) -> bool:
    """Store the event if it is new; True when it was. Own transaction. Raises SignatureRefused.

    Stripe delivers at least once and in any order, so the same event id twice is normal.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise SignatureRefused("STRIPE_WEBHOOK_SECRET is not set, so nothing can be verified.")
    try:
        event = verify_event(payload, signature, settings.STRIPE_WEBHOOK_SECRET)
    except BadSignature as error:
        raise SignatureRefused("The body was not signed with our secret within 300 s.") from error
    return _store("stripe", event)


def _store(rail: str, event: dict[str, Any]) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_railevent (rail, event_id, type, payload) VALUES (%s, %s, %s, %s::jsonb) "
            "ON CONFLICT (rail, event_id) DO NOTHING RETURNING id",
            [
                rail,
                str(event.get("id", ""))[:255],
                str(event.get("type", ""))[:128],
                json.dumps(event),
            ],
        )
        row = cursor.fetchone()
        if row is not None:
            wake_after_commit([row[0]], task=EVENT_TASK)
    return row is not None
