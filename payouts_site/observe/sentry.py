"""Unexpected errors, to Sentry: which one and where in the code, never whose money.

No frame's variables, no request's body, headers, cookies or query, no person. What is left passes audit.redact.
"""

from collections.abc import Mapping
from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration

from audit.redact import redact, redact_text

# Sentry's own: it does not take an event whose id was masked because it looked like an account.
_OURS: Final = (
    "event_id", "timestamp", "platform", "level", "sdk", "release", "environment", "server_name",
)  # fmt: skip
_TRACE: Final = ("trace_id", "span_id", "parent_span_id", "op", "status")
_NEVER: Final = ("modules", "user", "request", "extra", "contexts", "threads", "spans", "logentry")


def start(kind: str, dsn: str) -> None:
    """Report this process's errors there. Raises BadDsn."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=clean_event,
        before_breadcrumb=clean_breadcrumb,
        # Traces are OpenTelemetry's; and no rail is told which request of ours a call belongs to.
        traces_sample_rate=None,
        trace_propagation_targets=[],
        spotlight=False,
        auto_session_tracking=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            CeleryIntegration(propagate_traces=False),
        ],
    )
    sentry_sdk.get_global_scope().set_tag("process", kind)


def clean_event(event: Any, hint: dict[str, Any]) -> Any:
    """The event as it may leave. An error in here drops the event: the SDK sends none that did not pass."""
    cleaned = {name: event[name] for name in _OURS if name in event}
    rest = {
        name: value for name, value in event.items() if name not in cleaned and name not in _NEVER
    }
    for one in _exceptions(rest):
        for frame in (one.get("stacktrace") or {}).get("frames") or ():
            frame.pop("vars", None)
    cleaned |= redact(rest)
    trace = (event.get("contexts") or {}).get("trace") or {}
    cleaned["contexts"] = {"trace": {name: trace[name] for name in _TRACE if name in trace}}
    if request := event.get("request"):
        url = str(request.get("url", "")).partition("?")[0]
        cleaned["request"] = {"method": request.get("method"), "url": redact_text(url)}
    if record := hint.get("log_record"):
        cleaned["logentry"], cleaned["extra"] = _said(record.msg, record.getMessage)
    return cleaned


def clean_breadcrumb(crumb: Any, hint: dict[str, Any]) -> Any:
    """What was logged before the error: the event's name and when, without what stood beside it."""
    record = hint.get("log_record")
    message = record.msg if record is not None else ""
    if isinstance(message, Mapping):
        message = message.get("event", "")
    kept = {
        name: crumb[name] for name in ("type", "category", "level", "timestamp") if name in crumb
    }
    return kept | {"message": redact_text(str(message))}


def _exceptions(event: dict[str, Any]) -> list[dict[str, Any]]:
    return (event.get("exception") or {}).get("values") or []


def _said(message: Any, as_text: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """A line of the house's logs is a mapping, and is hidden by name as well; a library's is text."""
    if isinstance(message, Mapping):
        beside = {
            name: value for name, value in message.items() if name not in ("event", "exc_info")
        }
        return {"message": redact_text(str(message.get("event", "")))}, redact(beside)
    return {"message": redact_text(str(as_text()))}, {}
