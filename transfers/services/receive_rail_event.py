"""An inbound webhook: verified on the raw body, stored once, applied later."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from guard.errors import Refused
from rails.stripe import BadSignature, verify_event
from rails.wise_webhooks import notice_of, verify_notification
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
    return _store("stripe", str(event.get("id", "")), str(event.get("type", "")), event)


def receive_wise_event(*, payload: bytes, signature: str, is_test: bool = False) -> bool:
    """Store the notification if it is new; True when it was. Own transaction. Raises SignatureRefused.

    It has no id of its own, and whether a repetition keeps its X-Delivery-Id is not documented. So it is known by what
    it says: type, transfer, state and moment; one about no transfer by its whole body. A test is only verified.
    """
    if not settings.WISE_WEBHOOK_PUBLIC_KEY:
        raise SignatureRefused("WISE_WEBHOOK_PUBLIC_KEY is not set, so nothing can be verified.")
    try:
        event = verify_notification(payload, signature, settings.WISE_WEBHOOK_PUBLIC_KEY)
    except BadSignature as error:
        raise SignatureRefused("The body was not signed with Wise's key.") from error
    if is_test:
        return False
    notice = notice_of(event)
    if notice.transfer and notice.occurred_at:
        known_by = f"{notice.type}:{notice.transfer}:{notice.current_state}:{notice.occurred_at}"
    else:
        known_by = f"sha256:{hashlib.sha256(payload).hexdigest()}"
    return _store("wise", known_by, notice.type, event)


def _store(rail: str, event_id: str, kind: str, event: dict[str, Any]) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_railevent (rail, event_id, type, payload) VALUES (%s, %s, %s, %s::jsonb) "
            "ON CONFLICT (rail, event_id) DO NOTHING RETURNING id",
            [
                rail,
                event_id[:255],
                kind[:128],
                json.dumps(event),
            ],
        )
        row = cursor.fetchone()
        if row is not None:
            wake_after_commit([row[0]], task=EVENT_TASK)
    return row is not None
