"""Every way in that could change something, found in the running site: nobody has to remember to list one.

Endpoints and pages come from the URL resolver, actions from the admin, tasks from Celery, commands from Django.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import get_commands
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from payouts_site.celery import app as celery_app
from payouts_site.guard_audit.sources import is_ours

_SAFE = ("get", "head")
_UNSAFE = ("post", "put", "patch", "delete")
_FORMS = ("add", "change", "delete")


@dataclass(frozen=True, slots=True)
class Found:
    """One way in: its name, the code that answers it (`module:Class.method`), and what is already wrong with it."""

    name: str
    code: str
    wrong: str = ""
    # Reading is all that a safe method may do.
    is_safe: bool = False


def ways_in() -> list[Found]:
    """All of them, each once, by name."""
    found = [*_addresses(), *_admin(), *_tasks(), *_commands()]
    return sorted(set(found), key=lambda way: way.name)


def _addresses() -> Iterator[Found]:
    for route, pattern in patterns(get_resolver()):
        view = getattr(pattern.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, APIView):
            yield from _endpoint(route, pattern, view)
            continue
        code = code_behind(pattern.callback)
        if is_ours(code.__module__) and not _is_shared_page(pattern):
            yield Found(f"page {pattern.name or route}", _named(code))


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(route, pattern) of every address below `resolver`."""
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, route)
        else:
            yield route, one


def _endpoint(route: str, pattern: URLPattern, view: type[APIView]) -> Iterator[Found]:
    actions: dict[str, str] | None = getattr(pattern.callback, "actions", None)
    place = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    for method in (*_SAFE, *_UNSAFE):
        handler = actions.get(method) if actions else method
        if handler is None or not hasattr(view, handler):
            continue
        needed = getattr(view, "required_capability", None)
        if isinstance(needed, dict):
            needed = needed.get(handler, needed.get(method.upper()))
        theirs = method in _SAFE and not is_ours(view.__module__)
        wrong = "" if needed or theirs else "it declares no capability"
        # The class that answers, not the base that may define the handler: `self` is what was routed.
        code = f"{_named(view)}.{handler}"
        yield Found(f"{method.upper()} /{place}", code, wrong, is_safe=method in _SAFE)


def code_behind(view: Callable[..., Any]) -> Callable[..., Any]:
    """The function that somebody wrote, without the wrappers of the admin and of decorators."""
    while True:
        if isinstance(view, partial):
            view = view.func
        elif hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        elif hasattr(view, "view_class"):
            return view.view_class  # type: ignore[no-any-return]  # Django's own attribute, untyped
        else:
            return view


def _is_shared_page(pattern: URLPattern) -> bool:
    """A list or history that a base class answers for many models; what its forms allow is asked by `_admin`."""
    code = code_behind(pattern.callback)
    return getattr(code, "__qualname__", "").startswith("GovernedAdmin.")


def _admin() -> Iterator[Found]:
    request = _somebody()
    for model in filter(admin.site.is_registered, apps.get_models()):
        model_admin = admin.site.get_model_admin(model)
        for name, action in named_actions(model_admin):
            yield Found(f"action {model._meta.label_lower}.{name}", _action(action, model_admin))
        for form in _FORMS:
            if is_ours(model.__module__) and getattr(model_admin, f"has_{form}_permission")(
                request
            ):
                yield Found(f"form {model._meta.label_lower}.{form}", _named(type(model_admin)))


def _somebody() -> HttpRequest:
    request = HttpRequest()
    request.user = User(username="guard_audit", is_superuser=True, is_staff=True, is_active=True)
    return request


def named_actions(model_admin: Any) -> Iterator[tuple[str, Any]]:
    """Everything that its lists and pages offer to somebody who may do all."""
    request = _somebody()
    for name, (action, *_) in model_admin.get_actions(request).items():
        yield name, action
    # Unfold's buttons on a page, a row or a form.
    for place in ("actions_list", "actions_row", "actions_detail", "actions_submit_line"):
        for name in getattr(model_admin, place, None) or ():
            if isinstance(name, str):
                yield name, getattr(model_admin, name, None)


def _action(action: Any, model_admin: object) -> str:
    name = getattr(action, "__qualname__", "")
    # A method that is an action is the registered class's, also when a base defines it.
    if "." in name and getattr(type(model_admin), name.rpartition(".")[2], None):
        return f"{_named(type(model_admin))}.{name.rpartition('.')[2]}"
    return _named(action) if name else _named(type(model_admin))


def _named(code: Any) -> str:
    return f"{code.__module__}:{code.__qualname__}"


def _tasks() -> Iterator[Found]:
    celery_app.loader.import_default_modules()
    for name, task in celery_app.tasks.items():
        if not name.startswith("celery."):
            code = code_behind(task.run)
            yield Found(f"task {name}", _named(code))


def _commands() -> Iterator[Found]:
    for name, where in get_commands().items():
        if is_ours(where):
            yield Found(f"command {name}", f"{where}.management.commands.{name}:Command.handle")
