"""How log lines look: one JSON object a line in production, text in development; request ids in both.

Lines name things by id, and pass the net of audit.redact before they are written. One event is one line:
control characters are written out, so that nobody can forge a second one.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from audit.redact import one_line, redact

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]
# Local variables of a frame may be anything, so that no traceback shows them.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
# Added by the processors above; nothing from outside is in them.
_OURS = ("timestamp", "level", "request_id")


def safe(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secrets and bank details masked, control characters written out."""
    kept = {name: event.pop(name) for name in _OURS if name in event}
    trace = event.pop("exception", None)
    shown: dict[str, Any] = one_line({**kept, **redact(dict(event))})
    if trace is not None:
        # In development a traceback is text over several lines, each of them indented.
        shown["exception"] = redact(trace) if isinstance(trace, str) else one_line(redact(trace))
    return shown


def formatter(*, debug: bool) -> logging.Formatter:
    """The one formatter of every handler, also of gunicorn's."""
    last: list[Any] = (
        [
            structlog.processors.format_exc_info,
            safe,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
        if debug
        else [_TRACEBACKS, safe, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def logging_settings(*, debug: bool) -> dict[str, Any]:
    """Django's LOGGING, with structlog configured to end in the same handlers."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter, "debug": debug}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # Refusals are in the audit log, and every request twice would be most of the file.
            "stripe": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "django.security.csrf": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
