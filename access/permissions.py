"""The API's question to the policy. A view that declares no capability is closed to everybody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from access.models import ApiToken
from access.policy import may
from access.roles import Capability

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
        capability = required_capability(view, request.method or "")
        return capability is not None and may(request.user, capability, token_of(request))


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
