"""gunicorn's configuration, for development and production: `gunicorn -c python:payouts_site.gunicorn`."""

import gc
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger

from payouts_site.logs import formatter

_CODES = {
    408: "request_timeout",
    411: "length_required",
    413: "body_too_large",
    414: "uri_too_long",
    431: "headers_too_large",
    500: "internal_error",
    501: "not_implemented",
    503: "unavailable",
}


def write_problem(client: socket.socket, status: int, reason: str, message: str) -> None:
    """What never reaches Django is refused as everything else is: by a problem document."""
    code = _CODES.get(status, "bad_request")
    document = {
        "type": f"urn:paidonce:problem:{code}",
        "title": reason,
        "status": status,
        "detail": message or f"{reason}.",
        "instance": "",
        "code": code,
    }
    body = json.dumps(document).encode()
    retry = "Retry-After: 1\r\n" if status == 503 else ""
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n{retry}"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, head.encode("latin1") + body)


# gunicorn has no setting for it and looks the function up in its module.
util.write_error = write_problem


class OneLineLogger(Logger):  # type: ignore[misc]  # gunicorn has no type hints
    """gunicorn's own messages in the format of all others: a malformed request line forges nothing."""

    def setup(self, cfg: Any) -> None:
        """Replace the formatters that gunicorn chose."""
        super().setup(cfg)
        shape = formatter(debug=os.environ.get("DEBUG", "").lower() in ("1", "true", "yes", "on"))
        for handler in self.error_log.handlers:
            handler.setFormatter(shape)


logger_class = OneLineLogger
worker_class = "payouts_site.waiting_room.WaitingRoomWorker"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))

# Requests are counted at /metrics and decisions are in the audit log; a line each would be most of the file.
accesslog = None
errorlog = "-"

# No view waits for a rail, so a request that takes this long is stuck.
timeout = 60
graceful_timeout = 20
keepalive = 5
backlog = 512
# Its default place is one per user, not one per installation.
control_socket_disable = True

# Workers prove that they live by touching a file there; on a disk a slow sync would look like a hang.
_shared_memory = Path("/dev/shm")  # noqa: S108 - the system's folder, no name of ours in it
worker_tmp_dir = (
    str(_shared_memory) if os.access(_shared_memory, os.W_OK) else tempfile.gettempdir()
)

# A worker is replaced now and then, at different times, so that no leak lasts.
max_requests = 20_000
max_requests_jitter = 2_000

limit_request_line = 8_190
limit_request_fields = 100
limit_request_field_size = 16_380


def post_fork(server: Any, worker: Any) -> None:
    """Take what was loaded out of the collector's rounds, and make the rounds rarer.

    An answer about 10,000 people is made of half a million objects that all stay; going through them again and again
    was a third of its time (0.9 s to 0.6 s).
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
