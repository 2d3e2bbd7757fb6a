"""What each request and job took, to an OpenTelemetry collector over OTLP/HTTP; OTEL_* say the rest.

A span passes audit.redact before it leaves, and a URL loses its query: somebody searches by name or account.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from audit.redact import redact, redact_text

# They are asked every few seconds and tell nothing.
_NOT_TRACED = "healthz,readyz,metrics,static/"


def start(kind: str) -> None:
    """Trace this process's requests and jobs. The SDK reads the address and its limits from OTEL_*."""
    name = os.environ.get("OTEL_SERVICE_NAME") or f"paidonce-{kind}"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    # Sent by a thread of its own: a collector that is away costs spans, and no request any time.
    provider.add_span_processor(BatchSpanProcessor(CleanExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    if kind == "web":
        DjangoInstrumentor().instrument(excluded_urls=_NOT_TRACED)
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]


class CleanExporter(SpanExporter):
    """Hands on copies of spans that hold nothing which must not be read."""

    def __init__(self, onward: SpanExporter) -> None:
        self._onward = onward

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._onward.export([clean_span(span) for span in spans])

    def shutdown(self) -> None:
        self._onward.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._onward.force_flush(timeout_millis)


def clean_span(span: ReadableSpan) -> ReadableSpan:
    """The same span with its texts masked."""
    said = span.status.description
    return ReadableSpan(
        name=redact_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_clean(span.attributes),
        events=[
            Event(redact_text(event.name), _clean(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, redact_text(said) if said else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _clean(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    cleaned: dict[str, Any] = redact(dict(attributes or {}))
    return {
        name: value.partition("?")[0]
        if name.startswith(("http.", "url.")) and isinstance(value, str)
        else value
        for name, value in cleaned.items()
        if name != "url.query"
    }
