"""Who is calling: a bearer token in one query, or the console's session with its CSRF token.

An unknown, expired or revoked token and an inactive user are told apart nowhere: all are 401.
"""

import re
from hmac import compare_digest
from time import monotonic

from django.contrib.auth.models import Group, User
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, Q
from django.db.models.functions import Now
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.models import ApiToken

_TOKEN = re.compile(rb"[A-Za-z0-9_]{16,200}")
_REFUSAL = "The token is unknown, expired or revoked."

# SKIP LOCKED: fifty requests with one token must not queue for the row just to note that it is in use.
_TOUCH = """
UPDATE access_apitoken SET last_used_at = statement_timestamp() WHERE id IN (
    SELECT id FROM access_apitoken
    WHERE id = %s AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED)
"""
_TOUCH_EVERY_SECONDS = 60.0
_touched: dict[int, float] = {}


class BearerTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no type hints
    """`Authorization: Bearer TOKEN`. Token, user and roles come in one query, judged by the database's clock.

    knox's own lookup reads every token of the user a second time and deletes expired ones; here they stay,
    refused, so that the console can show them.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed(_REFUSAL)
        text = token.decode("ascii")
        digest = hash_token(text)
        for candidate in _live_tokens(text[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if compare_digest(digest, candidate.digest):
                _note_use(candidate.pk)
                return candidate.user, candidate
        raise AuthenticationFailed(_REFUSAL)


class ConsoleSessionAuthentication(SessionAuthentication):
    """The console's session cookie; unsafe methods need its CSRF token, else 403."""

    def enforce_csrf(self, request: Request) -> None:
        # Django's own request: looking for the token must not parse (and use up) a JSON body.
        super().enforce_csrf(request._request)  # type: ignore[arg-type]  # noqa: SLF001


def _live_tokens(token_key: str) -> list[ApiToken]:
    roles = Group.objects.filter(user=OuterRef("user_id")).order_by("name").values("name")
    return list(
        ApiToken.objects.filter(
            Q(expiry__isnull=True) | Q(expiry__gt=Now()),
            token_key=token_key,
            revoked_at__isnull=True,
            user__is_active=True,
        )
        .select_related("user")
        .annotate(role_names=ArraySubquery(roles))
    )


def _note_use(token_id: int) -> None:
    """Remember the last use, at most once a minute for each process and for all of them together."""
    now = monotonic()
    if now - _touched.get(token_id, float("-inf")) < _TOUCH_EVERY_SECONDS:
        return
    _touched[token_id] = now
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, [token_id])
