"""Words for the OpenAPI file that several operations share: refusals with their codes, parameters, examples."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from api.problems import MEDIA_TYPE

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_ALWAYS: Final[dict[int, tuple[str, ...]]] = {
    409: ("idempotency_in_progress",),
    422: ("validation_error", "idempotency_key_reused"),
    503: ("unavailable",),
}

Responses = dict[tuple[int, str], OpenApiResponse]


def refusals(**codes: str) -> Responses:
    """`refusals(_409="booking_exists")`: answers of an operation beside its own, several codes parted by blanks."""
    answers: Responses = {}
    for name, text in codes.items():
        status = int(name.removeprefix("_"))
        known = dict.fromkeys((*text.split(), *_ALWAYS.get(status, ())))
        answers[status, MEDIA_TYPE] = OpenApiResponse(
            _PROBLEM, description=", ".join(f"`{code}`" for code in known)
        )
    return answers


REFERENCE: Final = OpenApiParameter(
    "reference",
    {"type": "string", "maxLength": 64},
    OpenApiParameter.PATH,
    description="The booking's reference.",
)
TRANSFER_ID: Final = OpenApiParameter(
    "transfer_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH
)
FINDING_ID: Final = OpenApiParameter(
    "finding_id", {"type": "integer", "format": "int64"}, OpenApiParameter.PATH
)
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    {"type": "string", "example": '"3"'},
    OpenApiParameter.HEADER,
    description="The version that you believe in; another one is answered with 409 `conflict`.",
)
ETAG: Final = OpenApiParameter(
    "ETag",
    {"type": "string", "example": '"3"'},
    OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="The version, in quotes.",
)

_SUMMARY: Final[dict[str, Any]] = {
    "state": "processing",
    "total": "900.00",
    "paid": "0.00",
    "remaining": "900.00",
    "currency": "USD",
    "counts": {
        "pending": 2,
        "processing": 0,
        "success": 0,
        "failed": 0,
        "outcome_unknown": 0,
        "undone": 0,
    },
}
_PENDING_TRANSFER: Final[dict[str, Any]] = {
    "id": 47828,
    "source": {"type": "booking", "reference": "BK-19284"},
    "user_id": "501",
    "payee_name": "Luis Ortega",
    "amount": "450.00",
    "currency": "USD",
    "rail": "stripe",
    "status": "pending",
    "version": 1,
    "outcome_unknown": False,
    "next_check_at": None,
    "failure": None,
    "rail_reference": None,
    "reversed_amount": "0.00",
    "supersedes": None,
    "attempts": [],
    "created_at": "2026-11-20T13:05:59.120000Z",
    "updated_at": "2026-11-20T13:05:59.120000Z",
}
ACCEPTED: Final = OpenApiExample(
    "Enqueued",
    value={
        "booking": "BK-19284",
        "status": "processing",
        "results": [{"user_id": "501", "outcome": "enqueued", "transfer": _PENDING_TRANSFER}],
        "payment_summary": _SUMMARY,
    },
    response_only=True,
    status_codes=["202"],
)
