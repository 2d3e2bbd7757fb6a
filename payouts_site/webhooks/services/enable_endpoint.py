"""It wants to be told again, from now on."""

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from payouts_site.webhooks.selectors import get_endpoint, lock_endpoint
from payouts_site.webhooks.services.create_endpoint import refuse_too_many
from webhooks.models import WebhookEndpoint


def enable_endpoint(
    *, endpoint_id: int, owner_id: int | None, actor: Actor, expected_version: int | None = None
) -> WebhookEndpoint:
    """Disabled -> enabled; enabled already is fine. Own transaction.

    What it missed was not promised, and what was withdrawn is sent only when somebody resends it. Raises NotFound,
    Conflicted (409: it is at another version than `expected_version`), Invalid (422: its owner has as many enabled
    ones as there may be).
    """
    endpoint = get_endpoint(endpoint_id, owner_id)
    with transaction.atomic():
        locked = lock_endpoint(endpoint.pk)
        require_version(locked, expected_version)
        if locked.disabled_at is not None:
            refuse_too_many(locked.owner_id, field="")
        rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=False)
        if rows.update(disabled_at=None, disabled_why=""):
            record(
                Note(
                    f"webhook_endpoint:{endpoint.pk}",
                    "webhook_endpoint.enabled",
                    actor,
                    prior_status="disabled",
                    new_status="enabled",
                    reason=endpoint.disabled_why,
                )
            )
    return get_endpoint(endpoint_id, owner_id)
