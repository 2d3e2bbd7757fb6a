"""A place where errors and traces arrive: Sentry's and OpenTelemetry's receiving end, as far as a test needs one."""

import gzip
import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """`with Collector() as there:` - everything that was sent is in `bodies`, decompressed."""

    def __init__(self) -> None:
        there = self
        self.bodies: list[tuple[str, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                encoding = self.headers.get("Content-Encoding")
                if encoding == "gzip":
                    body = gzip.decompress(body)
                elif encoding == "deflate":
                    body = zlib.decompress(body)
                elif encoding == "br":  # Sentry's choice where the module happens to be there
                    body = import_module("brotli").decompress(body)
                there.bodies.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        port = self._server.server_address[1]
        self.environment = {
            "SENTRY_DSN": f"http://public@127.0.0.1:{port}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def text(self) -> str:
        """All of it; protobuf keeps texts as they are."""
        return "\n".join(body.decode("utf-8", "replace") for _, body in self.bodies)

    def events(self) -> list[dict[str, Any]]:
        """Sentry's events."""
        lines = [
            line for path, body in self.bodies if "envelope" in path for line in body.split(b"\n")
        ]
        read = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [one for one in read if "exception" in one or "logentry" in one]

    def spans(self) -> dict[str, set[str]]:
        """The names of the spans of each service."""
        found: dict[str, set[str]] = {}
        for path, body in list(self.bodies):
            if path.endswith("/v1/traces"):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    (name,) = (
                        one.value.string_value
                        for one in resource.resource.attributes
                        if one.key == "service.name"
                    )
                    names = found.setdefault(name, set())
                    names |= {span.name for scope in resource.scope_spans for span in scope.spans}
        return found
