"""Errors to Sentry and traces to OpenTelemetry, each only where the environment names a place for it.

The packages are optional (requirements-observe.lock) and loaded only when they are wanted: without a setting nothing
is imported and nothing leaves, with a setting and without the package the product runs on and says so. Whatever goes
wrong here never stops a payment, and what leaves passes the same net as the logs.
"""

import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final, Literal

from django.conf import settings

Kind = Literal["web", "worker", "beat"]

# What is sent where -> the package that sends it.
PACKAGES: Final = {
    "SENTRY_DSN": "sentry_sdk",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "opentelemetry.exporter.otlp.proto.http",
}
_logger = logging.getLogger(__name__)
_started: set[str] = set()


def is_installed(setting: str) -> bool:
    """Whether the package that this setting asks for can be imported."""
    try:
        return find_spec(PACKAGES[setting]) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def start(kind: Kind) -> None:
    """Begin to report from this process; once, and never with an error. Call before Django loads its middleware."""
    _start_one("SENTRY_DSN", kind, _sentry)
    _start_one("OTEL_EXPORTER_OTLP_ENDPOINT", kind, _traces)


def _start_one(setting: str, kind: Kind, begin: Callable[[Kind], None]) -> None:
    if not getattr(settings, setting) or setting in _started:
        return
    _started.add(setting)
    if not is_installed(setting):
        _logger.warning("%s is set, and %s is not installed", setting, PACKAGES[setting])
        return
    try:
        begin(kind)
    except Exception as error:  # noqa: BLE001 - a library's refusal of a setting must not keep the product from starting
        _logger.warning("%s could not be used: %s", setting, type(error).__name__)


def _sentry(kind: Kind) -> None:
    from payouts_site.observe import sentry  # noqa: PLC0415 - needs an optional package

    sentry.start(kind, settings.SENTRY_DSN)


def _traces(kind: Kind) -> None:
    from payouts_site.observe import traces  # noqa: PLC0415 - needs an optional package

    traces.start(kind)
