"""What django-allauth asks of us: who may come in, what is written down, how secrets are kept.

Audit entries are written with what these hooks are given: no signal handlers.
"""

import base64
import hashlib
import hmac
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from access.actors import current_request_id
from audit.actor import Actor
from audit.record import Note, record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type hints
    """Accounts are made by an administrator; nobody signs up, and nothing is mailed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if user.is_active and user.is_staff:
            return None
        messages.error(request, "This account may not use the console.")
        return HttpResponseRedirect(reverse("admin:login"))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _end_oldest_sessions(user)
        _note(request, user, "user.logged_in", outcome="noted")
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Only for names that exist: what was typed as a name may be somebody's password."""
        user = User.objects.filter(username=credentials.get("username", "")).first()
        if user is not None:
            _note(request, user, "user.login_refused", outcome="denied")

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Accounts have no verified address; the audit log has the entry."""


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no type hints
    """Secrets of authenticator apps and recovery codes are encrypted under a key made from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _cipher(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken when SECRET_KEY is another one: a super admin then resets the second factor."""
        return _cipher(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()


@cache
def _cipher(secret: str) -> Fernet:
    key = hmac.new(secret.encode(), b"paidonce:second factor", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _end_oldest_sessions(user: User) -> None:
    """At most SESSIONS_PER_PERSON at a time: the oldest end."""
    newest_first = UserSession.objects.filter(user=user).order_by("-created_at", "-pk")
    for session in newest_first[settings.SESSIONS_PER_PERSON :]:
        session.end()


def _note(request: HttpRequest, user: User, action: str, *, outcome: str) -> None:
    actor = Actor("user", user.get_username(), user.pk, current_request_id())
    snapshot = {"methods": _methods(request)} if outcome == "noted" else {}
    record(Note(f"user:{user.pk}", action, actor, outcome=outcome, snapshot=snapshot))


def _methods(request: HttpRequest) -> list[str]:
    records = request.session.get("account_authentication_methods", [])
    return [str(one.get("method")) for one in records]
