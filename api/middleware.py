"""Request ids: in from the caller if harmless, else made here; out in `X-Request-ID`; in logs and audit between."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

# Short and plain: the id ends up in log lines and audit entries.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Binds the id to every log line of the request. The first of the middleware.

    django-structlog's own middleware does the same and much more that the logs do not show (client address, user,
    a line at start and end): a tenth of the CPU of a small request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else str(uuid.uuid4())
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        if "charset" in (request.content_params or {}):
            # Django would decode the query with any codec of Python that the header names: `hex` was a 500.
            request.encoding = "utf-8"
        try:
            response = self.get_response(request)
        finally:
            clear_contextvars()
        response["X-Request-ID"] = request_id
        return response
