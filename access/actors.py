"""From a request to the `Actor` that every service takes and every audit entry names."""

import structlog
from django.http import HttpRequest
from rest_framework.request import Request

from access.models import ApiToken
from audit.actor import Actor


def actor_from_request(request: Request | HttpRequest) -> Actor:
    """Who is asking, with the request id of its log lines.

    Raises PermissionError for an anonymous request: nothing may be done in nobody's name.
    """
    user = request.user
    if not user.is_authenticated:
        raise PermissionError("an actor needs an authenticated user")
    token = getattr(request, "auth", None)
    request_id = current_request_id()
    if isinstance(token, ApiToken):
        name = f"{user.get_username()}/{token.name or token.pk}"
        return Actor(kind="token", name=name, user_id=user.pk, request_id=request_id)
    return Actor(kind="user", name=user.get_username(), user_id=user.pk, request_id=request_id)


def actor_for_command(command: str) -> Actor:
    """The actor of a management command."""
    return Actor(kind="command", name=command, request_id=current_request_id())


def current_request_id() -> str:
    """The id that the request's middleware bound; "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
