"""Who is calling: a bearer token in one query, or the console's session with its CSRF token.

An unknown, expired or revoked token and an inactive user are told apart nowhere: all are 401.
"""

import re
from collections.abc import Sequence
from hmac import compare_digest
from time import monotonic
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.models import ApiToken

_TOKEN = re.compile(rb"[A-Za-z0-9_]{16,200}")
_REFUSAL = "The token is unknown, expired or revoked."

_TOKEN_FIELDS = [field.attname for field in ApiToken._meta.concrete_fields]
_USER_FIELDS = [field.attname for field in User._meta.concrete_fields]
# Written out because every request pays it: the same query through the ORM took 1.6 ms, this takes 0.4 ms.
_LIVE = f"""
SELECT {", ".join(f"token.{name}" for name in _TOKEN_FIELDS)},
    {", ".join(f"person.{name}" for name in _USER_FIELDS)},
    ARRAY(SELECT role.name FROM auth_group role
        JOIN auth_user_groups held ON held.group_id = role.id AND held.user_id = person.id ORDER BY role.name),
    ARRAY(SELECT scope.region FROM access_regionscope scope WHERE scope.user_id = person.id)
FROM access_apitoken token JOIN auth_user person ON person.id = token.user_id
WHERE token.token_key = %s AND token.revoked_at IS NULL AND person.is_active
    AND (token.expiry IS NULL OR token.expiry > statement_timestamp())
"""

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
    """Tokens that begin so, not expired, not revoked, of active users; each with its user, roles and regions."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, [token_key])
        return [_token(row) for row in cursor.fetchall()]


def _token(row: Sequence[Any]) -> ApiToken:
    token: ApiToken = ApiToken.from_db(connection.alias, _TOKEN_FIELDS, row[: len(_TOKEN_FIELDS)])
    token.user = User.from_db(connection.alias, _USER_FIELDS, row[len(_TOKEN_FIELDS) : -2])
    token.role_names, token.region_names = row[-2:]
    return token


def _note_use(token_id: int) -> None:
    """Remember the last use, at most once a minute for each process and for all of them together."""
    now = monotonic()
    if now - _touched.get(token_id, float("-inf")) < _TOUCH_EVERY_SECONDS:
        return
    _touched[token_id] = now
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, [token_id])
