"""Wise's error bodies: five shapes, and codes that are not unique across endpoints."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from sandbox.wise import times


def moment() -> str:
    """The timestamp of an error, real time."""
    return times.offset(int(time.time() * 1000))


class WiseError(Exception):
    """An answer that means no. `body` is JSON, plain text, or None for an empty one."""

    def __init__(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def listed(status: int, *errors: dict[str, Any]) -> WiseError:
    """`{timestamp, errors: [{code, message, path, arguments}]}`."""
    return WiseError(status, {"timestamp": moment(), "errors": list(errors)})


def item(code: str, message: str, path: str | None = None, *arguments: str) -> dict[str, Any]:
    """One of `errors`."""
    return {"code": code, "message": message, "path": path, "arguments": list(arguments)}


def invalid(path: str, message: str, *values: str, status: int = 422) -> WiseError:
    """A field that will not do."""
    return listed(status, item("NOT_VALID", message, path, path, *values))


def coded(status: int, code: str, message: str) -> WiseError:
    """A rule that was broken."""
    return listed(status, item(code, message))


def generic(status: int, message: str, path: str) -> WiseError:
    """`{timestamp, status, error, message, path}`: the framework's own shape."""
    return WiseError(
        status,
        {
            "timestamp": moment(),
            "status": status,
            "error": HTTPStatus(status).phrase,
            "message": message,
            "path": path,
        },
    )


def rejected(status: int, code: str, *, as_text: bool = False) -> WiseError:
    """Funding's shape, or the code alone as text/plain."""
    if as_text:
        return WiseError(status, code)
    body = {"type": "BALANCE", "status": "REJECTED", "errorCode": code, "errorMessage": None}
    return WiseError(status, body)


def unauthorized() -> WiseError:
    """A token that is unknown, revoked or older than twelve hours."""
    return WiseError(401, {"error": "invalid_token", "error_description": "Invalid token"})


def challenge(token: str) -> WiseError:
    """Strong customer authentication is wanted; nothing has happened."""
    headers = {"x-2fa-approval-result": "REJECTED", "x-2fa-approval": token}
    return WiseError(403, None, headers)


def rate_limited(seconds: int) -> WiseError:
    """Too many; nothing has happened."""
    headers = {"Retry-After": str(seconds), "X-Rate-Limited-By": "wise-public-api"}
    return WiseError(429, {"error": "too_many_requests"}, headers)


def server_error() -> WiseError:
    """A 500 that says nothing about what happened."""
    return listed(500, item("internal.server.error", "Something went wrong."))
