"""The API's question to the policy. A view that declares no capability is closed to everybody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access.actors import actor_from_request
from access.models import ApiToken
from access.policy import may
from access.roles import Capability
from audit.record import Note, record_alone

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.views import APIView


class MayUseApi(BasePermission):
    """Reads `view.required_capability`: one capability, or a mapping from action or method to one."""

    message = "Your role or your token's scopes do not allow this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method not in view.allowed_methods:
            return True  # nothing can happen: the view answers 405
        if request.method == "OPTIONS" and view.metadata_class is None:
            return True
        method = request.method or ""
        capability = required_capability(view, method)
        if capability is not None and may(request.user, capability, token_of(request)):
            return True
        if method not in SAFE_METHODS:
            record_refusal(request, capability)
        return False


def record_refusal(
    request: Request, capability: Capability | None, reason: str = "permission_denied"
) -> None:
    """Somebody known tried to change something that they may not: the audit log wants to know."""
    user_id = request.user.pk
    note = Note(
        subject=f"user:{user_id}",
        action=capability or "undeclared",
        actor=actor_from_request(request),
        outcome="denied",
        reason=reason,
        snapshot={"method": request.method, "path": request.path[:500]},
    )
    record_alone(note)


def token_of(request: Request) -> ApiToken | None:
    """The token that authenticated this request; None for a console session."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def required_capability(view: object, method: str) -> Capability | None:
    """The capability that `view` declares for its current action, else for `method`. HEAD is GET."""
    declared = getattr(view, "required_capability", None)
    if not isinstance(declared, Mapping):
        return cast("Capability | None", declared)
    action = getattr(view, "action", None)
    key = action if action in declared else ("GET" if method == "HEAD" else method)
    return cast("Capability | None", declared.get(key))
