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


class NothingIsKept:
    """No browser and no proxy keeps an answer unless its view says otherwise: most tell of people and their money.

    Files below /static/ are answered before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


# What anybody needs to show a second factor, or to leave. Nothing else of a session is served.
_OPEN = (
    "/account/login/",
    "/account/logout/",
    "/account/second-factor/authenticate/",
    "/account/second-factor/reauthenticate/",
    "/account/second-factor/webauthn/login/",
    "/account/second-factor/webauthn/reauthenticate/",
    "/admin/login/",
    "/admin/logout/",
    "/static/",
    "/healthz",
    "/readyz",
)
# Where somebody who has none sets one up. Whoever has one and did not show it would find its recovery codes here.
_SET_UP = "/account/"


class SecondFactor:
    """No page and no call of a console session without the second factor that the person's role needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_OPEN):
            return self.get_response(request)
        missing = missing_second_factor(request)
        if missing is None or (missing.may_set_up and request.path.startswith(_SET_UP)):
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
