"""A new secret, with time to change over."""

from typing import Final

from django.db import connection, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.belief import require_version
from payouts_site.webhooks.selectors import get_endpoint, lock_endpoint
from webhooks.models import WebhookEndpoint
from webhooks.secrets import encrypt, new_secret

OVERLAP_HOURS: Final = 24
MOST_OVERLAP_HOURS: Final = 168
# The columns on the right are the row's own before the change, also after waiting for another rotation.
_ROTATE = """
    UPDATE webhooks_webhookendpoint SET
        old_secret = CASE WHEN %(hours)s > 0 THEN secret END,
        old_secret_until = CASE WHEN %(hours)s > 0 THEN clock_timestamp() + make_interval(hours => %(hours)s) END,
        secret = %(secret)s
    WHERE id = %(id)s
"""


def rotate_secret(
    *,
    endpoint_id: int,
    owner_id: int | None,
    actor: Actor,
    overlap_hours: int = OVERLAP_HOURS,
    expected_version: int | None = None,
) -> tuple[WebhookEndpoint, str]:
    """The endpoint and its new secret, which nobody can read again. Own transaction.

    For `overlap_hours` (0 to MOST_OVERLAP_HOURS) messages are signed with the old one as well; with 0 the old one is
    gone at once, which is for a secret that leaked. Raises NotFound, Conflicted (409: it is at another
    version than `expected_version`).
    """
    endpoint = get_endpoint(endpoint_id, owner_id)
    secret = new_secret()
    with transaction.atomic():
        require_version(lock_endpoint(endpoint.pk), expected_version)
        with connection.cursor() as cursor:
            values: dict[str, int | bytes] = {
                "hours": overlap_hours,
                "secret": encrypt(secret),
                "id": endpoint.pk,
            }
            cursor.execute(_ROTATE, values)
        record(
            Note(
                f"webhook_endpoint:{endpoint.pk}",
                "webhook_endpoint.secret_rotated",
                actor,
                snapshot={"overlap_hours": overlap_hours},
            )
        )
    return get_endpoint(endpoint_id, owner_id), secret
