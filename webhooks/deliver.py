"""One try of one delivery: claimed and written down, committed, sent, recorded.

A worker that dies in between leaves a try without an answer; its lease ends, and the same message goes out again
under the same id. The receiver may then get it twice, which is what the id is for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography.fernet import InvalidToken
from django.db import connection, transaction
from prometheus_client import Counter

from webhooks.disable import GONE, disable
from webhooks.schedule import next_delay
from webhooks.secrets import decrypt
from webhooks.signing import signature_headers
from webhooks.wire import Answer, NoAnswer, post

# Well above the longest request; what a name server may take on top counts against the request's own time.
LEASE_SECONDS: Final = 60
_HEADERS: Final = {"content-type": "application/json", "user-agent": "PaidOnce-Webhooks/1"}
tried = Counter("paidonce_webhook_tries_total", "Tries to deliver webhooks", ["result"])


class Result(StrEnum):
    """What came of a try."""

    DELIVERED = "delivered"
    FAILED = "failed"  # it is tried again, or given up
    GONE = "gone"  # the endpoint said that it will never want any


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to try one delivery until the lease is over, and all that the try needs."""

    delivery_id: int
    endpoint_id: int
    webhook_id: str
    event_type: str
    payload: str
    step: int
    number: int
    fence: int
    url: str
    encrypted_secrets: tuple[bytes, ...]
    timestamp: int


_CLAIM = """
    WITH claimed AS (
        UPDATE webhooks_webhookdelivery SET
            fence = fence + 1, tries = tries + 1,
            due_at = clock_timestamp() + make_interval(secs => %(lease)s)
        WHERE id = (
            SELECT id FROM webhooks_webhookdelivery
            WHERE endpoint_id = %(endpoint)s AND due_at <= clock_timestamp()
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AND state = 'pending' AND due_at <= clock_timestamp()
        RETURNING id, endpoint_id, webhook_id, event_type, payload, step, tries, fence
    ), written AS (
        INSERT INTO webhooks_webhooktry (delivery_id, number, sent_at)
        SELECT id, tries, clock_timestamp() FROM claimed
    )
    SELECT claimed.*, endpoint.url, endpoint.secret,
        CASE WHEN endpoint.old_secret_until > clock_timestamp() THEN endpoint.old_secret END,
        floor(extract(epoch FROM clock_timestamp()))::bigint
    FROM claimed JOIN webhooks_webhookendpoint AS endpoint ON endpoint.id = claimed.endpoint_id
"""
_ANSWERED = """
    UPDATE webhooks_webhooktry SET ended_at = clock_timestamp(), http_status = %s, answer = %s, error = %s
    WHERE delivery_id = %s AND number = %s
"""
# Of `_CLAIM`, before the secrets.
_COLUMNS: Final = (
    *("delivery_id", "endpoint_id", "webhook_id", "event_type", "payload"),
    *("step", "number", "fence", "url"),
)
# Delivered is a fact, whoever learns it and however late.
_DELIVERED = """
    UPDATE webhooks_webhookdelivery SET
        state = 'delivered', due_at = NULL, delivered_at = clock_timestamp(), last_status = %s, last_error = ''
    WHERE id = %s AND state IN ('pending', 'failed', 'disabled')
"""
_FAILED = """
    UPDATE webhooks_webhookdelivery SET
        state = CASE WHEN state = 'disabled' THEN state WHEN %(delay)s::float8 IS NULL THEN 'failed' ELSE 'pending' END,
        due_at = CASE WHEN state = 'pending' THEN clock_timestamp() + make_interval(secs => %(delay)s::float8) END,
        step = step + 1, last_status = %(status)s, last_error = %(error)s
    WHERE id = %(id)s AND fence = %(fence)s AND state IN ('pending', 'disabled')
"""


def deliver_next(*, endpoint_id: int) -> Result | None:
    """Try the endpoint's delivery that is due the longest; None when none is. Opens its own transactions.

    Call it outside of any transaction: the try is committed before it is sent.
    """
    claim = _claim(endpoint_id)
    if claim is None:
        return None
    connection.close()  # it is somebody else's while we wait for the endpoint
    result = _record(claim, _send(claim))
    tried.labels(result=result.value).inc()
    return result


def _claim(endpoint_id: int) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": LEASE_SECONDS, "endpoint": endpoint_id})
        row = cursor.fetchone()
    if row is None:
        return None
    *names, secret, old_secret, timestamp = row
    kept = tuple(bytes(one) for one in (secret, old_secret) if one is not None)
    values = dict(zip(_COLUMNS, names, strict=True))
    return Claim(**values, encrypted_secrets=kept, timestamp=timestamp)


def _send(claim: Claim) -> Answer | NoAnswer:
    body = claim.payload.encode()
    try:
        secrets = [decrypt(one) for one in claim.encrypted_secrets]
    except InvalidToken:
        return NoAnswer("Nothing was sent: the signing secret cannot be decrypted. Rotate it.")
    signed = signature_headers(
        webhook_id=claim.webhook_id, timestamp=claim.timestamp, body=body, secrets=secrets
    )
    return post(claim.url, body, {**_HEADERS, **signed})


def _record(claim: Claim, answer: Answer | NoAnswer) -> Result:
    status = answer.status if isinstance(answer, Answer) else None
    with transaction.atomic(), connection.cursor() as cursor:
        if status == GONE:
            # The endpoint's row is locked before any delivery's, here as everywhere.
            disable(claim.endpoint_id, why="It answered 410 Gone.")
        text, error = (answer.text, "") if isinstance(answer, Answer) else ("", answer.error)
        cursor.execute(_ANSWERED, [status, text, error, claim.delivery_id, claim.number])
        if status is not None and 200 <= status < 300:
            cursor.execute(_DELIVERED, [status, claim.delivery_id])
            return Result.DELIVERED
        retry_after = answer.retry_after if isinstance(answer, Answer) else ""
        failure = {
            "delay": next_delay(claim.step, retry_after, now=datetime.now(UTC)),
            "status": status,
            "error": error or _refusal(status),
            "id": claim.delivery_id,
            "fence": claim.fence,
        }
        cursor.execute(_FAILED, failure)
    return Result.GONE if status == GONE else Result.FAILED


def _refusal(status: int | None) -> str:
    redirect = status is not None and 300 <= status < 400
    return f"It answered {status}." + (" Redirects are not followed." if redirect else "")
