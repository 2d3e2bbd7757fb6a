"""The page of a verb: a GET says what it would do, a POST does it and goes back with what came of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from checkout.console.formats import amount_text
from checkout.console.verbs import VERBS, Verb
from checkout.selectors import get_dispute, get_receipt, get_refund, get_session
from guard.errors import NotFound, Refused
from money import InvalidAmount
from transfers.console.gate import require, sees
from transfers.console.notices import Notice

_GET: dict[str, Callable[[int], Any]] = {
    "session": get_session,
    "receipt": get_receipt,
    "refund": get_refund,
    "dispute": get_dispute,
}
_CALLED = {
    "session": "Session",
    "receipt": "Incoming payment",
    "refund": "Refund",
    "dispute": "Dispute",
}
_MODELS = {"session": "checkoutsession"}


def verb_urls(kind: str) -> list[URLPattern]:
    """Addresses of the verbs about one kind of thing."""
    return [
        path(
            f"{'disputes/' if kind == 'dispute' else ''}<int:pk>/{verb.name}/",
            admin.site.admin_view(partial(verb_view, kind=kind, name=verb.name)),
            name=f"checkout_{kind}_{verb.name}",
        )
        for verb in VERBS[kind]
    ]


def buttons(request: HttpRequest, kind: str, about: Any) -> list[tuple[Verb, str]]:
    """What this person may do about it now, each with its address."""
    return [
        (verb, reverse(f"admin:checkout_{kind}_{verb.name}", args=[about.pk]))
        for verb in VERBS[kind]
        if sees(request, verb.capability) and verb.possible(about)
    ]


def verb_view(request: HttpRequest, pk: int, kind: str, name: str) -> HttpResponse:
    """One verb about one thing."""
    (verb,) = [one for one in VERBS[kind] if one.name == name]
    noun = "checkout_session" if kind == "session" else kind
    require(request, verb.capability, f"{noun}:{pk}")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        about = _GET[kind](pk)
        if request.method == "GET":
            return _page(request, verb, kind, about)
        notice = verb.run(request, about)
    except NotFound as error:
        raise Http404(error.detail) from error
    except Refused as error:
        # The detail says what is so: advice by code alone would be about payouts.
        refused = Notice("refused", error.title, error.detail, error.http_status)
        return _page(request, verb, kind, _GET[kind](pk), refused)
    except InvalidAmount as error:
        wrong = Notice("refused", "That is not an amount", str(error), 422)
        return _page(request, verb, kind, _GET[kind](pk), wrong)
    notice.to_next_page(request)
    return redirect(page_of(kind, about))


def page_of(kind: str, about: Any) -> str:
    """Where it is looked at; a dispute on its session's page."""
    if kind == "dispute":
        kind, about = "session", about.session
    return reverse(f"admin:checkout_{_MODELS.get(kind, kind)}_change", args=[about.pk])


def _page(
    request: HttpRequest, verb: Verb, kind: str, about: Any, notice: Notice | None = None
) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": verb.label.rstrip("…"),
        "verb": verb,
        "about": about,
        "amount": amount_text(about.amount_minor, about.currency),
        "what": f"{_CALLED[kind]} {about.pk}",
        "back": page_of(kind, about),
        "possible": verb.possible(about),
        "notice": notice,
        "values": {name: request.POST.get(name, "") for name in ("amount", "session", "reason")},
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "checkout/verb.html", context, status=status)
