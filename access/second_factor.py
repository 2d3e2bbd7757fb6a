"""The second factor, and confirming once more that it is still you.

Roles are asked at every request, so a promotion asks for a second factor at once, in the middle of a session.
"""

import time
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from access.policy import roles_of
from access.roles import SECOND_FACTOR_ROLES

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Missing:
    """Where a person goes to make up for what their session lacks."""

    address: str
    detail: str
    # There is none yet: the pages that set one up are open.
    may_set_up: bool = False


def missing_second_factor(request: HttpRequest) -> Missing | None:
    """What this console session lacks before it may do anything; None when nothing.

    Only sessions are asked: a token is a credential of its own. No query once the session has shown it.
    """
    user = request.user
    if not settings.REQUIRE_SECOND_FACTOR or not isinstance(user, User):
        return None
    if any(one["method"] == "mfa" for one in get_authentication_records(request, user)):
        return None
    if roles_of(user).isdisjoint(SECOND_FACTOR_ROLES):
        return None
    if has_second_factor(user):
        return Missing(_confirm_address(user, request), "Show your second factor to go on.")
    detail = "Your role needs a second factor: set one up, then go on."
    return Missing(reverse("mfa_index"), detail, may_set_up=True)


def has_second_factor(user: User) -> bool:
    """Has this person an authenticator app or a passkey?"""
    return bool(Authenticator.objects.filter(user=user, type__in=_FACTORS).exists())


def confirmed_recently(request: HttpRequest) -> bool:
    """Has this person shown within STEP_UP_SECONDS, in this session, that it is still them?

    By the second factor where they have one, else by the password.
    """
    user = request.user
    if not isinstance(user, User):
        return False
    wanted = "mfa" if has_second_factor(user) else "password"
    since = time.time() - settings.STEP_UP_SECONDS
    return any(
        one.get("reauthenticated") and one["method"] == wanted and one["at"] >= since
        for one in get_authentication_records(request, user)
    )


def confirm_address(request: HttpRequest, *, back_to: str) -> str:
    """The page that asks to confirm it is you, and then goes on to `back_to`."""
    assert isinstance(request.user, User)  # noqa: S101 - only logged-in people are asked
    return f"{_confirm_page(request.user)}?{urlencode({'next': back_to})}"


def _confirm_address(user: User, request: HttpRequest) -> str:
    back_to = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return f"{_confirm_page(user)}?{urlencode({'next': back_to})}"


def _confirm_page(user: User) -> str:
    methods = get_adapter().get_reauthentication_methods(user)
    by_factor = [one for one in methods if one["id"].startswith("mfa")]
    return str((by_factor or methods)[0]["url"])
