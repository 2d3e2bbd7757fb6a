"""The OpenAPI file's conventions: both ways to authenticate, Idempotency-Key on POSTs, problems for every error.

Loaded by `SPECTACULAR_SETTINGS` and `DEFAULT_SCHEMA_CLASS`; views describe only what is their own.
"""

from typing import Any, Final

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import ListSerializer

from access.permissions import required_capability
from access.roles import CAPABILITY_SCOPE
from api.idempotent import MAX_KEY_LENGTH, IdempotentPostMixin
from api.problems import MEDIA_TYPE

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable: one code, one next step. A code may add members of its own.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:paidonce:problem:conflict"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was called."},
        "code": {"type": "string", "example": "conflict"},
        "errors": {
            "type": "array",
            "description": "With code `validation_error`.",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "example": "crew.0.amount"},
                    "code": {"type": "string", "example": "too_many_decimals"},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}
_RETRY_AFTER = {"schema": {"type": "integer"}, "description": "Seconds."}
_ERRORS: Final[dict[str, str]] = {
    "400": "`invalid_json`, `idempotency_key_required`, `idempotency_key_invalid`",
    "401": "`not_authenticated`",
    "403": "`permission_denied` and other refusals to this caller",
    "404": "`not_found`, also for what the caller may not see",
    "405": "`method_not_allowed`",
    "406": "`not_acceptable`",
    "408": "`request_timeout`: head or body took too long to arrive",
    "409": "Somebody was faster, or the first request with this key is still running",
    "411": "`length_required`: a body has a Content-Length",
    "413": "`body_too_large`",
    "414": "`uri_too_long`: the request line has 8,190 bytes at most",
    "415": "`unsupported_media_type`",
    "422": "`validation_error`, `illegal_transition`, `idempotency_key_reused` and other refusals of the content",
    "429": "`throttled`",
    "431": "`headers_too_large`: 100 headers of 16,380 bytes at most",
    "500": "`internal_error`",
    "503": "`unavailable`, `rail_paused`",
}
_ONLY_WITH_BODY = frozenset({"409", "411", "413", "415"})


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer TOKEN`."""

    target_class = "access.authentication.BearerTokenAuthentication"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `manage.py create_api_token`.",
        }


class ConsoleScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """The console's session cookie."""

    target_class = "access.authentication.ConsoleSessionAuthentication"
    name = "consoleSession"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Unsafe methods also need the `X-CSRFToken` header.",
        }


class ApiSchema(AutoSchema):
    """Adds the Idempotency-Key header to POSTs and the capability that a call needs to its description."""

    def get_override_parameters(self) -> list[Any]:
        """The header for the request, and the one that marks a replay."""
        if self.method != "POST" or not isinstance(self.view, IdempotentPostMixin):
            return []
        return [
            OpenApiParameter(
                name="Idempotency-Key",
                type={"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
                location=OpenApiParameter.HEADER,
                required=self.view.idempotency_required,
                description="Your own key for this request. The same key with the same body gives the first "
                "answer again for 30 days; with another body it is refused.",
            ),
            OpenApiParameter(
                name="Idempotency-Replayed",
                type={"type": "string", "enum": ["true"]},
                location=OpenApiParameter.HEADER,
                response=True,
                description="Present when this is the stored answer of an earlier request with this key.",
            ),
        ]

    def _map_serializer_field(self, field: Any, direction: Any, *more: Any, **named: Any) -> Any:
        """With the limits of lists of objects, which drf-spectacular knows only of lists of plain values."""
        schema: Any = super()._map_serializer_field(  # type: ignore[no-untyped-call]  # no type hints
            field, direction, *more, **named
        )
        if isinstance(field, ListSerializer) and schema and schema.get("type") == "array":
            most = getattr(field, "max_length", None)  # not in the type hints
            limits = {"maxItems": most, "minItems": None if field.allow_empty else 1}
            schema |= {name: limit for name, limit in limits.items() if limit is not None}
        return schema

    def get_description(self) -> str:  # type: ignore[override]  # as in the parent class
        """The view's words, then what it needs."""
        text = str(super().get_description() or "")
        capability = required_capability(self.view, self.method)
        if capability is None:
            return text
        needs = f"Needs `{capability}` (token scope `{CAPABILITY_SCOPE[capability]}`)."
        return f"{text}\n\n{needs}".strip()


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: the Problem component, and the errors that any operation may answer."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["responses"] = {f"Problem{status}": _response(status) for status in _ERRORS}
    for path in result.get("paths", {}).values():
        for method, operation in path.items():
            _add_errors(method, operation)
    return result


def _add_errors(method: str, operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    has_path_parameter = any(one.get("in") == "path" for one in operation.get("parameters", ()))
    for status in _ERRORS:
        if method == "get" and status in _ONLY_WITH_BODY:
            continue
        if status == "404" and not has_path_parameter:
            continue
        responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})


def _response(status: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": _ERRORS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in ("409", "429", "503"):
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    if status == "401":
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response
