"""How endpoints and deliveries look on the console."""

from typing import Final
from urllib.parse import urlsplit

from transfers.console.formats import Chip
from webhooks.events import EVENT_TYPES
from webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookTry

_STATES: Final = {
    DeliveryState.PENDING: Chip("Waiting", "sky", "schedule"),
    DeliveryState.DELIVERED: Chip("Delivered", "emerald", "check_circle"),
    DeliveryState.FAILED: Chip("Given up", "red", "error"),
    DeliveryState.DISABLED: Chip("Not sent", "grey", "block"),
}
_RETRYING: Final = Chip("Retrying", "amber", "autorenew")


def endpoint_chip(endpoint: WebhookEndpoint) -> Chip:
    """Enabled or not."""
    if endpoint.disabled_at is None:
        return Chip("Enabled", "emerald", "check_circle")
    return Chip("Disabled", "grey", "block")


def delivery_chip(delivery: WebhookDelivery) -> Chip:
    """Where it stands; a failure that is tried again looks different from one that was never tried."""
    if delivery.state == DeliveryState.PENDING and delivery.last_error:
        return _RETRYING
    return _STATES[DeliveryState(delivery.state)]


def try_chip(attempt: WebhookTry) -> Chip:
    """What came of one request."""
    if attempt.http_status is not None:
        good = 200 <= attempt.http_status < 300
        return Chip(
            f"HTTP {attempt.http_status}",
            "emerald" if good else "red",
            "check_circle" if good else "error",
        )
    if attempt.ended_at is not None:
        return Chip("No answer", "red", "link_off")
    return Chip("Answer unknown", "unknown", "help")


def host_of(url: str) -> str:
    """The part of an address that people tell endpoints apart by."""
    return urlsplit(url).netloc or url


def wanted(endpoint: WebhookEndpoint) -> str:
    """Its events in few words."""
    if len(endpoint.events) == len(EVENT_TYPES):
        return "Everything"
    if len(endpoint.events) > 2:
        return f"{endpoint.events[0]} and {len(endpoint.events) - 1} more"
    return ", ".join(endpoint.events)


def event_groups() -> list[tuple[str, list[str]]]:
    """Event types by what they are about, for a form."""
    groups: dict[str, list[str]] = {}
    for one in EVENT_TYPES:
        groups.setdefault(one.partition(".")[0].capitalize() + "s", []).append(one)
    return list(groups.items())
