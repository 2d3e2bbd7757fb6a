"""Stripe Connect transfers through the `stripe` library (16.x, API version pinned by it).

Sources of the rules here: Stripe's documentation of idempotent requests and of low-level errors, and recorded
behaviour. One `StripeClient` per process, shared by threads; no automatic retries and no automatic keys, because
both would decide about resending money without the attempt's row.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import stripe
from stripe import StripeClient

from rails.answers import (
    Answer,
    Declined,
    LookUp,
    Moved,
    Movement,
    NotNow,
    Seen,
    Unclear,
    Unreachable,
)
from rails.stripe_units import from_wire, to_wire

if TYPE_CHECKING:
    from stripe.params import TransferCreateParams, TransferListParams

# Telemetry would write a file below the home folder and add a header about earlier calls.
stripe.enable_telemetry = False

# With a parsed error these say that nothing moved; of any other status (408, 409, 425, 5xx) nobody knows.
_REFUSED = (400, 402, 403, 404)


class BadSignature(Exception):
    """The message was not signed with our secret, or too long ago (300 s)."""


class StripeRail:
    """Calls for crew transfers. Every method is safe to call from several threads."""

    name = "stripe"

    def __init__(self, *, api_key: str, api_base: str, timeout_seconds: float) -> None:
        self._client = StripeClient(
            api_key,
            base_addresses={"api": api_base.rstrip("/")},
            http_client=stripe.RequestsClient(timeout=(min(5.0, timeout_seconds), timeout_seconds)),
            max_network_retries=0,
        )

    @staticmethod
    def build_request(
        *,
        amount_minor: int,
        currency: str,
        destination: str,
        group: str,
        metadata: Mapping[str, str],
    ) -> dict[str, Any]:
        """The exact request of an attempt. Nothing in it depends on when it is sent: a resend must be identical.

        `amount_minor` is in ISO 4217 minor units. `group` becomes the transfer_group, by which it is found again.
        Raises NotPayable for an amount that Stripe does not have.
        """
        return {
            "amount": to_wire(amount_minor, currency),
            "currency": currency.lower(),
            "destination": destination,
            "transfer_group": group,
            "metadata": dict(metadata),
        }

    def send(self, request: Mapping[str, Any], *, idempotency_key: str) -> Answer:
        """POST /v1/transfers with exactly `request` (amount in minor units) under the given key."""
        try:
            transfer = self._client.v1.transfers.create(
                params=cast("TransferCreateParams", dict(request)),
                options={"idempotency_key": idempotency_key},
            )
        except stripe.StripeError as error:
            return _answer_to_error(error)
        return _moved(transfer)

    def find(self, group: str) -> LookUp:
        """Every transfer of this transfer_group, all pages. Newest first, as Stripe lists them."""
        return self._listed({"transfer_group": group}, f"GET /v1/transfers?transfer_group={group}")

    def list_since(self, since: int) -> LookUp:
        """Every transfer created since (Unix seconds), all pages, whatever its group."""
        query: TransferListParams = {"created": {"gte": since}}
        return self._listed(query, f"GET /v1/transfers?created[gte]={since}")

    def _listed(self, query: "TransferListParams", asked: str) -> LookUp:
        try:
            page = self._client.v1.transfers.list({**query, "limit": 100})
            found = [_movement(item) for item in page.auto_paging_iter()]
        except stripe.StripeError as error:
            return Unreachable(_reason(error))
        return Seen(found, {"asked": asked, "found": [m.reference for m in found]})

    def find_in_ledger(
        self, *, since: int, group: str, idempotency_key: str, amount_minor: int, currency: str
    ) -> LookUp:
        """The second and third place to look before absence is believed: events, then balance transactions.

        `since`: Unix seconds of the first send. An event gives the idempotency key back; a balance transaction of
        the same amount names its transfer, which is read to compare the group (rules for exactly-once, 7).
        """
        since -= 60  # our clock and the rail's may differ
        wire_amount = to_wire(amount_minor, currency)
        try:
            events = self._client.v1.events.list(
                {"type": "transfer.created", "created": {"gte": since}, "limit": 100}
            )
            hits = {
                _object_id(event)
                for event in events.auto_paging_iter()
                if idempotency_key == _event_key(event) or group == _event_group(event)
            }
            ledger = self._client.v1.balance_transactions.list(
                {
                    "type": "transfer",
                    "currency": currency.lower(),
                    "created": {"gte": since},
                    "limit": 100,
                }
            )
            hits |= {
                str(line.source)
                for line in ledger.auto_paging_iter()
                if line.source and abs(line.amount) == wire_amount
            }
            found = [_movement(self._client.v1.transfers.retrieve(hit)) for hit in sorted(hits)]
        except stripe.StripeError as error:
            return Unreachable(_reason(error))
        mine = [movement for movement in found if movement.group == group]
        return Seen(
            mine,
            {
                "asked": "GET /v1/events and /v1/balance_transactions "
                f"of transfers, created[gte]={since}",
                "found": [movement.reference for movement in mine],
            },
        )

    def read(self, reference: str) -> LookUp:
        """GET /v1/transfers/{id}, a strongly keyed read."""
        try:
            found = _movement(self._client.v1.transfers.retrieve(reference))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return Seen([], {"asked": f"GET /v1/transfers/{reference}", "found": []})
            return Unreachable(_reason(error))
        except stripe.StripeError as error:
            return Unreachable(_reason(error))
        return Seen(
            [found], {"asked": f"GET /v1/transfers/{reference}", "found": [found.reference]}
        )

    def reverse(
        self,
        reference: str,
        *,
        amount_minor: int,
        currency: str,
        reversal_id: int,
        idempotency_key: str,
    ) -> Answer:
        """POST /v1/transfers/{id}/reversals: take `amount_minor` back from the connected account."""
        wire_amount = to_wire(amount_minor, currency)
        try:
            reversal = self._client.v1.transfers.reversals.create(
                reference,
                params={"amount": wire_amount, "metadata": {"reversal_id": str(reversal_id)}},
                options={"idempotency_key": idempotency_key},
            )
        except stripe.StripeError as error:
            return _answer_to_error(error)
        return Moved(
            _reversal_movement(reversal, reference),
            {"reversal": reversal.id, "amount": reversal.amount},
        )

    def find_reversal(self, reference: str, *, reversal_id: int) -> LookUp:
        """The reversal of this transfer that carries our row's id."""
        try:
            page = self._client.v1.transfers.reversals.list(reference, {"limit": 100})
            found = [
                _reversal_movement(item, reference)
                for item in page.auto_paging_iter()
                if item.to_dict().get("metadata", {}).get("reversal_id") == str(reversal_id)
            ]
        except stripe.StripeError as error:
            return Unreachable(_reason(error))
        return Seen(found, {"asked": f"GET /v1/transfers/{reference}/reversals"})


def verify_event(payload: bytes, signature: str, secret: str) -> dict[str, Any]:
    """The event inside a webhook's raw body. Raises BadSignature.

    The library's tolerance is one-sided: it refuses signatures older than 300 s and accepts future ones.
    """
    try:
        stripe.WebhookSignature.verify_header(payload.decode(), signature, secret, tolerance=300)
        event: Any = json.loads(payload)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise BadSignature(str(error)) from error
    if not isinstance(event, dict):
        raise BadSignature("the body is not an event")
    return event


def _movement(transfer: stripe.Transfer) -> Movement:
    destination, currency = transfer.destination, transfer.currency.upper()
    return Movement(
        reference=transfer.id,
        amount_minor=from_wire(transfer.amount, currency),
        currency=currency,
        destination=destination
        if isinstance(destination, str)
        else str(destination and destination.id),
        group=transfer.transfer_group or "",
        reversed_minor=from_wire(transfer.amount_reversed, currency),
        metadata=dict(transfer.to_dict().get("metadata") or {}),
    )


def _reversal_movement(reversal: stripe.TransferReversal, transfer: str) -> Movement:
    currency = reversal.currency.upper()
    amount = from_wire(reversal.amount, currency)
    return Movement(reversal.id, amount, currency, destination=transfer, group="")


def _moved(transfer: stripe.Transfer) -> Moved:
    response = transfer.last_response
    headers = response.headers if response else {}
    return Moved(
        _movement(transfer),
        {
            "http_status": 200,
            "transfer": transfer.id,
            "request_id": headers.get("Request-Id", ""),
            "replayed": headers.get("Idempotent-Replayed") == "true",
        },
    )


def _object_id(event: stripe.Event) -> str:
    return str(event.to_dict()["data"]["object"]["id"])


def _event_group(event: stripe.Event) -> str:
    return str(event.to_dict()["data"]["object"].get("transfer_group") or "")


def _event_key(event: stripe.Event) -> str:
    request = event.to_dict().get("request") or {}
    return str(request.get("idempotency_key") or "")


def _reason(error: stripe.StripeError) -> str:
    code = error.error.code if error.error else None
    return f"{type(error).__name__} {error.http_status or 'no answer'} {code or ''}".strip()


def _answer_to_error(error: stripe.StripeError) -> Answer:
    """One meaning per kind of error; text is never matched, only status, type and code.

    400-404 with a parsed body: nothing moved and the answer is stored under the key. 429 and 401: refused before
    execution, not stored. 409, 5xx, no or unreadable answer: the outcome is not known.
    """
    headers = error.headers or {}
    code = (error.error.code if error.error else None) or ""
    evidence = {
        "http_status": error.http_status,
        "code": code,
        "request_id": error.request_id or "",
        "message": (error.user_message or str(error))[:500],
        "replayed": headers.get("Idempotent-Replayed") == "true",
    }
    status = error.http_status or 0
    if isinstance(error, stripe.RateLimitError) or status == 429:
        return NotNow(code or "rate_limit", 1.0, evidence)
    if isinstance(error, stripe.AuthenticationError):
        return NotNow("bad_credentials", 60.0, evidence)
    if isinstance(error, stripe.IdempotencyError) or status not in _REFUSED:
        spent = status >= 500 and bool(evidence["replayed"])
        return Unclear(_reason(error), spent=spent, evidence=evidence)
    if not error.error:
        return Unclear(f"unreadable {status}", evidence=evidence)
    return Declined(code or "rejected", error.user_message or str(error), evidence)
