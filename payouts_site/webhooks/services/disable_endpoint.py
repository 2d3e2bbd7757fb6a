"""It wants to be told nothing any more."""

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from payouts_site.webhooks.selectors import get_endpoint, lock_endpoint
from webhooks.disable import disable
from webhooks.models import WebhookEndpoint


def disable_endpoint(
    *,
    endpoint_id: int,
    owner_id: int | None,
    actor: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> WebhookEndpoint:
    """Enabled -> disabled, with what waits for it withdrawn; disabled already is fine. Own transaction.

    Its deliveries stay to be read. Raises NotFound, Conflicted (409: it is at another version than
    `expected_version`).
    """
    endpoint = get_endpoint(endpoint_id, owner_id)
    with transaction.atomic():
        require_version(lock_endpoint(endpoint.pk), expected_version)
        if disable(endpoint.pk, why=reason or f"By {actor.name}."):
            record(
                Note(
                    f"webhook_endpoint:{endpoint.pk}",
                    "webhook_endpoint.disabled",
                    actor,
                    prior_status="enabled",
                    new_status="disabled",
                    reason=reason,
                )
            )
    return get_endpoint(endpoint_id, owner_id)
