"""Who may call: profiles, OAuth tokens, and one-time tokens of strong customer authentication."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl
from uuid import uuid4

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.settings import BUSINESS, PROFILES, USER

TOKEN_SECONDS = 12 * 3600
ONE_TIME_SECONDS = 3600
GRANTS = ("authorization_code", "refresh_token", "client_credentials")


class Access:
    """Tokens, and the endpoints about them and about profiles."""

    def __init__(self, clock: Clock, books: Books) -> None:
        self._clock = clock
        self._books = books

    def routes(self) -> list[Route]:
        token = "/one-time-token/status"
        return [
            Route("profile.list", "GET", ("/v1/profiles", "/v2/profiles"), "/profiles",
                  self._profiles),
            Route("oauth.token", "POST", ("/oauth/token",), "/oauth/token", self._token),
            Route("sca.status", "GET", (f"/v1{token}",), token, self._status),
        ]  # fmt: skip

    # Tokens of callers

    def authenticate(self, headers: Row) -> None:
        """Any token but Stripe's, `invalid…` and old OAuth ones. Raises WiseError 401."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or token.startswith(("sk_", "rk_", "invalid")):
            raise errors.unauthorized()
        if token.startswith("oauth-"):
            row = self._books.table("tokens").get(token)
            if row is None or row["expires"] <= self._clock.now():
                raise errors.unauthorized()

    def _token(self, call: Call, change: Change) -> Reply:
        form = dict(parse_qsl(call.body.get("form", "")))
        if not call.headers.get("authorization", "").lower().startswith("basic "):
            raise errors.unauthorized()
        if form.get("grant_type") not in GRANTS:
            problem = {"error": "unsupported_grant_type", "error_description": "Unsupported"}
            raise errors.WiseError(400, problem)
        token = f"oauth-{secrets.token_hex(16)}"
        change.put("tokens", token, {"expires": self._clock.now() + TOKEN_SECONDS})
        return Reply(
            {
                "access_token": token,
                "token_type": "bearer",
                "refresh_token": form.get("refresh_token") or f"refresh-{secrets.token_hex(16)}",
                "expires_in": TOKEN_SECONDS - 1,
                "scope": "transfers",
            }
        )

    def _profiles(self, call: Call, _change: Change) -> Reply:
        old = call.path.startswith("/v1")
        rows = []
        for identity, kind in PROFILES.items():
            name = "Sandbox Ltd" if identity == BUSINESS else "Sandy Sandbox"
            row: Row = {"id": identity, "type": kind.lower() if old else kind, "userId": USER,
                        "publicId": str(uuid4()), "fullName": name}  # fmt: skip
            if old:
                row["details"] = {"name": name}
            rows.append(row)
        return Reply(rows)

    # Strong customer authentication

    def challenge(self) -> errors.WiseError:
        """A new one-time token, kept although the call does nothing."""
        token = str(uuid4())
        row = {"approved": False, "used": False, "created": self._clock.now()}
        self._books.save("challenges", token, row)
        return errors.challenge(token)

    def passes(self, headers: Row) -> bool:
        """Whether the call brings a one-time token that was approved or signed. Uses it up."""
        token = headers.get("x-2fa-approval", "")
        row = self._books.table("challenges").get(token)
        if row is None or row["used"] or self._expired(row):
            return False
        if not row["approved"] and not headers.get("x-signature"):
            return False
        self._books.save("challenges", token, {**row, "used": True})
        return True

    def _expired(self, row: Row) -> bool:
        return bool(row["created"] + ONE_TIME_SECONDS <= self._clock.now())

    def approve(self, token: str) -> bool:
        """What the owner does in the app; False for an unknown token."""
        row = self._books.table("challenges").get(token)
        if row is not None:
            self._books.save("challenges", token, {**row, "approved": True})
        return row is not None

    def _status(self, call: Call, _change: Change) -> Reply:
        token = call.headers.get("one-time-token", "")
        row = self._books.table("challenges").get(token)
        if row is None or self._expired(row):
            raise errors.generic(404, "One-time token not found", call.path)
        challenge = {
            "primaryChallenge": {"type": "SMS", "viewData": {}},
            "alternatives": [],
            "required": True,
            "passed": row["approved"],
        }
        left = row["created"] + ONE_TIME_SECONDS - self._clock.now()
        return Reply(
            {
                "oneTimeTokenProperties": {
                    "oneTimeToken": token,
                    "challenges": [challenge],
                    "validity": left,
                    "actionType": "BALANCE__ACTION",
                    "userId": USER,
                }
            }
        )
