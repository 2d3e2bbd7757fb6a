"""Request ids: in from the caller if harmless, else made here; out in `X-Request-ID`; in logs and audit between."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Short and plain: the id ends up in log lines and audit entries.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Stands before django-structlog's middleware, which reads the header that this one has cleaned."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
