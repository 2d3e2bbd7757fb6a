"""Headers that every answer carries."""

from collections.abc import Callable

from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse


class ContentSecurityPolicy:
    """The policy of settings.CONTENT_SECURITY_POLICY.

    No page has a nonce or a policy of its own, so the header is put together once: django-csp's middleware does it
    twice for every answer, which cost a twentieth of a small request's CPU.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        return response
