"""What stands before every page: the headers that each answer carries, the second factor."""

from collections.abc import Callable

from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from access.second_factor import missing_second_factor
from api.problems import Problem


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


# What a person without a second factor needs to get one, or to leave. Nothing else of a session is served.
_OPEN = ("/account/", "/admin/login/", "/admin/logout/", "/static/", "/healthz", "/readyz")


class SecondFactor:
    """No page and no call of a console session without the second factor that the person's role needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_OPEN):
            return self.get_response(request)
        missing = missing_second_factor(request)
        if missing is None:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return Problem(
                request,
                status=403,
                code="second_factor_required",
                title="Second factor required",
                detail=missing.detail,
            )
        return HttpResponseRedirect(missing.address)
