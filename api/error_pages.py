"""Django's own error handlers: problem documents under /api, pages for everybody else.

They answer what never reaches a view of the API: unknown addresses, bad hosts, failures in a middleware.
"""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from api.problems import Problem, internal_error, problem_for


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/webhooks/"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`"""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return problem_for(exception, request) or Problem(
        request,
        status=400,
        code="bad_request",
        title="Bad request",
        detail="The request is malformed.",
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403`"""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return Problem(
        request,
        status=403,
        code="permission_denied",
        title="Not allowed",
        detail="You may not do this.",
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """`CSRF_FAILURE_VIEW`: what to do about it. Django's own page explains cookies to programmers."""
    if not _is_api(request):
        return render(request, "403_csrf.html", status=403)
    return Problem(
        request,
        status=403,
        code="permission_denied",
        title="Not allowed",
        detail="The form's CSRF token is missing or not this session's.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404`"""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return unknown_address(request)


@csrf_exempt
def unknown_address(request: HttpRequest, **_: str) -> HttpResponse:
    """The last route under /api/: with DEBUG on Django would answer 404 with its own page."""
    return Problem(
        request,
        status=404,
        code="not_found",
        title="Not found",
        detail="There is nothing at this address.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`; a database that is away is a 503 also when a middleware notices it first."""
    if not _is_api(request):
        return defaults.server_error(request)
    return problem_for(sys.exc_info()[1], request) or internal_error(request)
