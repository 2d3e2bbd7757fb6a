"""Every error of the API as `application/problem+json` (RFC 9457), with one stable `code` for one next step.

Nothing internal is shown: an unexpected exception is reported to the log and answered with `internal_error`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import structlog
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.encoding import escape_uri_path
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from audit.redact import mask
from guard.errors import Refused
from money import InvalidAmount, UnknownCurrency

MEDIA_TYPE = "application/problem+json"
UNAVAILABLE_RETRY_SECONDS = 2

log = structlog.get_logger(__name__)
_ENCODER = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)

# Pool exhausted, connection lost, server restarting, lock or statement timeout, deadlock, serialization failure.
_DATABASE_AWAY = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
# DRF's exception class -> (status, code, title). The first match wins.
_KNOWN: tuple[tuple[type[Exception], int, str, str], ...] = (
    (exceptions.ParseError, 400, "invalid_json", "The body is not valid JSON"),
    (UnreadablePostError, 400, "invalid_json", "The body ended early"),
    (exceptions.NotAuthenticated, 401, "not_authenticated", "Not authenticated"),
    (exceptions.AuthenticationFailed, 401, "not_authenticated", "Not authenticated"),
    (exceptions.PermissionDenied, 403, "permission_denied", "Not allowed"),
    (DjangoPermissionDenied, 403, "permission_denied", "Not allowed"),
    (exceptions.NotFound, 404, "not_found", "Not found"),
    (Http404, 404, "not_found", "Not found"),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", "Method not allowed"),
    (exceptions.NotAcceptable, 406, "not_acceptable", "No such representation"),
    (RequestDataTooBig, 413, "body_too_large", "The body is too large"),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", "Send application/json"),
    (exceptions.Throttled, 429, "throttled", "Too many requests"),
)


class Problem(HttpResponse):
    """A problem document. Not a DRF response: it must not depend on content negotiation, which may have failed.

    Secrets and IBANs are masked in it: an error often repeats what was sent, and ends up in somebody's log.
    """

    def __init__(
        self,
        request: HttpRequest | Request | None,
        *,
        status: int,
        code: str,
        title: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        document = dict(extra or {}) | {
            "type": f"urn:paidonce:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": escape_uri_path(request.path) if request is not None else "",
            "code": code,
        }
        super().__init__(
            _ENCODER.encode(mask(document)),
            status=status,
            content_type=MEDIA_TYPE,
            headers=dict(headers or {}),
        )


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's exception handler: an answer for every exception, so that a caller never sees a bare 500.

    It changes no transaction (DRF's own handler would, under ATOMIC_REQUESTS, which we do not use): a refusal's
    audit entry must survive the refusal.
    """
    request: Request | None = context.get("request")
    return problem_for(exc, request) or _unexpected(exc, request, context)


def problem_for(exc: BaseException | None, request: HttpRequest | Request | None) -> Problem | None:
    """The answer to an exception that the contract knows; None for any other."""
    if isinstance(exc, Refused):
        return _refusal(exc, request)
    if isinstance(exc, (exceptions.ValidationError, DjangoValidationError)):
        return _invalid(request, list(_flatten(_detail_of(exc), "")))
    if isinstance(exc, (InvalidAmount, UnknownCurrency)):
        field = "amount" if isinstance(exc, InvalidAmount) else "currency"
        return _invalid(request, [{"field": field, "code": exc.code, "message": str(exc)}])
    if isinstance(exc, _DATABASE_AWAY):
        log.warning("database_unavailable", error=type(exc.__cause__ or exc).__name__)
        return unavailable(request)
    for kind, status, code, title in _KNOWN:
        if isinstance(exc, kind):
            detail = _text(exc, title)
            headers = _headers(exc)
            return Problem(
                request, status=status, code=code, title=title, detail=detail, headers=headers
            )
    return None


def unavailable(request: HttpRequest | Request | None) -> Problem:
    """503: the database is away, full or busy with somebody else's lock; the same request may be repeated."""
    return Problem(
        request,
        status=503,
        code="unavailable",
        title="Try again shortly",
        detail="The service cannot answer at the moment. Repeating the request with its key is safe.",
        headers={"Retry-After": str(UNAVAILABLE_RETRY_SECONDS)},
    )


def internal_error(request: HttpRequest | Request | None) -> Problem:
    """500 with the same shape as every other error."""
    return Problem(
        request,
        status=500,
        code="internal_error",
        title="Our mistake",
        detail="Something unexpected happened and was logged under the request id.",
    )


def _refusal(exc: Refused, request: HttpRequest | Request | None) -> Problem:
    extra = dict(exc.extra)
    headers = {}
    if isinstance(retry_after := extra.get("retry_after"), (int, float)):
        headers["Retry-After"] = str(math.ceil(retry_after))
    elif exc.http_status == 503:
        headers["Retry-After"] = str(UNAVAILABLE_RETRY_SECONDS)
    return Problem(
        request,
        status=exc.http_status,
        code=exc.code,
        title=exc.title,
        detail=exc.detail,
        headers=headers,
        extra=extra,
    )


def _invalid(request: HttpRequest | Request | None, errors: list[dict[str, str]]) -> Problem:
    first = errors[0] if errors else {"field": "", "message": "The request is not acceptable."}
    return Problem(
        request,
        status=422,
        code="validation_error",
        title="Some values are not acceptable",
        detail=": ".join(part for part in (first["field"], first["message"]) if part),
        extra={"errors": errors},
    )


def _detail_of(exc: exceptions.ValidationError | DjangoValidationError) -> Any:
    if isinstance(exc, exceptions.ValidationError):
        return exc.detail
    return exceptions.ValidationError(
        getattr(exc, "message_dict", None) or exc.messages, getattr(exc, "code", None)
    ).detail


def _flatten(detail: Any, path: str) -> Iterator[dict[str, str]]:
    """DRF's nested error details as a flat list with dotted paths, such as `crew.0.amount`."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            here = path if key in ("non_field_errors", "__all__") else f"{path}.{key}".lstrip(".")
            yield from _flatten(inner, here)
    elif isinstance(detail, (list, tuple)):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list, tuple))
            yield from _flatten(inner, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        code = getattr(detail, "code", None) or "invalid"
        yield {"field": path, "code": str(code), "message": str(detail)}


def _text(exc: BaseException, title: str) -> str:
    detail = getattr(exc, "detail", None)
    return str(detail) if isinstance(detail, str) and detail else f"{title}."


def _headers(exc: BaseException) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = str(auth_header)
    if isinstance(exc, exceptions.Throttled):
        headers["Retry-After"] = str(math.ceil(getattr(exc, "wait", None) or 1))
    return headers


def _unexpected(exc: Exception, request: Request | None, context: Mapping[str, Any]) -> Problem:
    """Report as Django does for an uncaught exception (log, error trackers, the test client), then answer."""
    http_request = request._request if request is not None else None  # noqa: SLF001
    log.error("request_failed", path=http_request.path if http_request else "", exc_info=exc)
    got_request_exception.send(sender=type(context.get("view")), request=http_request)
    return internal_error(request)
