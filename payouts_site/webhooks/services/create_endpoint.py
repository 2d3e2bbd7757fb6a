"""An integrator wants to be told."""

from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid
from webhooks.addresses import UnacceptableUrl, check_url
from webhooks.events import EVENT_TYPES
from webhooks.models import WebhookEndpoint
from webhooks.secrets import encrypt, new_secret

# Each fact writes a row for each endpoint that wants it.
MOST_ENABLED: Final = 20


def create_endpoint(
    *, url: str, events: Sequence[str], actor: Actor
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint of the actor's and its secret, which nobody can read again. Own transaction.

    What its name resolves to is judged at every delivery. Raises Invalid (422) for an address that no webhook goes to,
    an unknown event type, or more than MOST_ENABLED enabled endpoints of one person.
    """
    try:
        address = check_url(url)
    except UnacceptableUrl as error:
        raise Invalid(str(error), field="url", code=error.code) from error
    unknown = [one for one in events if one not in EVENT_TYPES]
    if unknown or not events:
        detail = f"There is no event type {unknown[0]}." if unknown else "Choose at least one."
        raise Invalid(detail, field="events", code="invalid_choice")
    secret = new_secret()
    with transaction.atomic():
        refuse_too_many(actor.user_id, field="url")
        endpoint = WebhookEndpoint.objects.create(
            url=address,
            events=[one for one in EVENT_TYPES if one in events],
            secret=encrypt(secret),
            owner=actor.name[:150],
            owner_id=actor.user_id,
        )
        record(
            Note(
                f"webhook_endpoint:{endpoint.pk}",
                "webhook_endpoint.created",
                actor,
                new_status="enabled",
                snapshot={"url": address, "events": endpoint.events},
            )
        )
    endpoint.refresh_from_db()
    return endpoint, secret


def refuse_too_many(owner_id: int | None, *, field: str) -> None:
    """Raises Invalid (422) when this person has MOST_ENABLED enabled endpoints already.

    In the caller's transaction, at whose end the next one counts: of two at once both would see room for one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints of ' || %s::text, 0))",
            [str(owner_id)],
        )
    enabled = WebhookEndpoint.objects.filter(owner_id=owner_id, disabled_at__isnull=True)
    if enabled.count() >= MOST_ENABLED:
        raise Invalid(
            f"There are {MOST_ENABLED} enabled endpoints of this owner. Disable one first.",
            field=field,
            code="too_many",
        )
