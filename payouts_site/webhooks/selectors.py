"""Reads. `owner_id` narrows to one person's endpoints; None is for those who may see everybody's."""

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet

from access.policy import roles_of
from access.roles import CONSOLE_ROLES
from guard.errors import NotFound
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookTry


def owner_seen_by(user: User) -> int | None:
    """Whose endpoints `user` sees: integrators only their own, people of the console everybody's. One query."""
    return None if roles_of(user) & CONSOLE_ROLES else user.pk


def endpoints(owner_id: int | None) -> QuerySet[WebhookEndpoint]:
    """Endpoints that may be seen; secrets are not read."""
    rows = WebhookEndpoint.objects.defer("secret", "old_secret")
    return rows if owner_id is None else rows.filter(owner_id=owner_id)


def get_endpoint(endpoint_id: int, owner_id: int | None) -> WebhookEndpoint:
    """One of them. Raises NotFound."""
    found = endpoints(owner_id).filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return found


def lock_endpoint(endpoint_id: int) -> WebhookEndpoint:
    """One of them, locked until the caller's transaction ends."""
    rows = WebhookEndpoint.objects.defer("secret", "old_secret").select_for_update(no_key=True)
    return rows.get(pk=endpoint_id)


def deliveries(owner_id: int | None) -> QuerySet[WebhookDelivery]:
    """Deliveries that may be seen, with their endpoints."""
    rows = WebhookDelivery.objects.select_related("endpoint").defer(
        "endpoint__secret", "endpoint__old_secret"
    )
    if owner_id is None:
        return rows
    # As ids and not as a join: an owner has few endpoints, and each has an index on (endpoint, id).
    mine = WebhookEndpoint.objects.filter(owner_id=owner_id).values_list("pk", flat=True)
    return rows.filter(endpoint__in=list(mine))


def get_delivery(delivery_id: int, owner_id: int | None) -> WebhookDelivery:
    """One of them with its tries, newest first. Raises NotFound."""
    tries = Prefetch("attempts", WebhookTry.objects.order_by("-number"))
    found = deliveries(owner_id).filter(pk=delivery_id).prefetch_related(tries).first()
    if found is None:
        raise NotFound(f"There is no webhook delivery {delivery_id}.")
    return found
