"""What each endpoint, page, action and command asks for, found in the running site and its code. No database.

Endpoints declare a capability. Pages of our own name one in their first `require` or `sees`. What the admin answers
by itself is asked of the admin's own permission methods, with somebody of each role. Nothing may ask for nothing.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import get_resolver
from rest_framework.views import APIView

from access.backends import known_as
from access.policy import seen_as
from access.roles import CAPABILITIES, CONSOLE_ROLES, ROLE_CAPABILITIES, Capability, Role
from payouts_site.guard_audit.found import code_behind, named_actions, patterns, ways_in
from transfers.admin.governed import GovernedAdmin

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_ASKS: Final = ("require", "sees", "may")
# Django's own pages in the admin, by what they ask.
_PAGES: Final = {"changelist": "view", "change": "view", "add": "add", "delete": "delete"}


@dataclass(frozen=True, slots=True)
class Need:
    """Who may enter by `name`; `capability` "" where Django's admin asks by itself. No roles: nobody may."""

    name: str
    capability: Capability | str
    roles: frozenset[Role]


def needs() -> list[Need]:
    """All of them by name. Raises LookupError for a way in that asks for nothing."""
    found = [*_endpoints(), *_pages(), *_actions(), *_commands()]
    return sorted(set(found), key=lambda need: need.name)


def holders(capability: str) -> frozenset[Role]:
    """The roles that hold it. Raises LookupError for a capability that there is not."""
    if capability not in CAPABILITIES:
        raise LookupError(f"there is no capability {capability!r}")
    return frozenset(role for role, held in ROLE_CAPABILITIES.items() if capability in held)


def _needs(name: str, capability: str, among: Iterable[Role] = Role) -> Need:
    if not capability:
        raise LookupError(f"{name} asks for no capability")
    return Need(name, capability, holders(capability) & frozenset(among))


def _endpoints() -> Iterator[Need]:
    for way in ways_in():
        method, _, path = way.name.partition(" ")
        if method.lower() in _METHODS:
            module, _, code = way.code.partition(":")
            view = getattr(import_module(module), code.partition(".")[0])
            if issubclass(view, APIView) and getattr(view, "required_capability", None):
                declared = view.required_capability
                if not isinstance(declared, str):
                    handler = code.rpartition(".")[2]
                    declared = declared.get(handler, declared.get(method))
                yield _needs(f"{method} {path}", declared or "")


def _pages() -> Iterator[Need]:
    for route, pattern in patterns(get_resolver()):
        name = pattern.name or ""
        if not route.startswith("admin/") or "_" not in name:
            continue
        code = code_behind(pattern.callback)
        owner = getattr(code, "__self__", None) or getattr(pattern.callback, "model_admin", None)
        if name.endswith("_password_change"):
            owner = admin.site.get_model_admin(User)
        if isinstance(owner, admin.ModelAdmin):
            yield from _of_admin(name, owner)
        elif inspect.isfunction(code) and not code.__module__.startswith("django."):
            asked = _dynamic(pattern.callback) or _first_asked(code)
            yield _needs(f"page {name}", asked, CONSOLE_ROLES)


def _of_admin(name: str, owner: "admin.ModelAdmin[Any]") -> Iterator[Need]:
    kind = name.rpartition("_")[2]
    if name.endswith("_history"):
        return  # it leads to the thing's own page, or to nothing
    if kind == "change" and not name.endswith("_password_change"):
        yield Need(f"form {name}", "", _allowed(owner, "change"))
    if name.endswith("_password_change"):
        yield Need(f"page {name}", "", _allowed(owner, "change"))
    elif kind in ("add", "delete"):
        yield Need(f"page {name}", "", _allowed(owner, kind))
    elif isinstance(owner, GovernedAdmin):
        yield _needs(f"page {name}", owner.capability, CONSOLE_ROLES)
    elif kind in _PAGES:
        yield Need(f"page {name}", "", _allowed(owner, _PAGES[kind]))


def _allowed(owner: "admin.ModelAdmin[Any]", verb: str) -> frozenset[Role]:
    ask = getattr(owner, f"has_{verb}_permission")
    return frozenset(role for role in CONSOLE_ROLES if ask(_as(role)))


def _as(role: Role) -> HttpRequest:
    """Somebody of that role looks at a page."""
    request = HttpRequest()
    request.method = "GET"
    request.user = User(username=role.value, is_staff=True, is_active=True)
    known_as(request.user, {role})
    seen_as(request, ROLE_CAPABILITIES[role])
    return request


def _actions() -> Iterator[Need]:
    for model in filter(admin.site.is_registered, apps.get_models()):
        owner = admin.site.get_model_admin(model)
        for name, action in named_actions(owner):
            label = f"action {model._meta.label_lower}.{name}"
            verbs = getattr(action, "allowed_permissions", ())
            if not verbs:
                raise LookupError(f"{label} asks for no permission")
            for verb in verbs:
                if verb in ("view", "add", "change", "delete"):
                    yield Need(label, "", _allowed(owner, verb))
                else:
                    method = getattr(type(owner), f"has_{verb}_permission")
                    yield _needs(label, _first_asked(method), CONSOLE_ROLES)


def _commands() -> Iterator[Need]:
    for way in ways_in():
        kind, _, name = way.name.partition(" ")
        if kind == "command":
            command = import_module(way.code.partition(":")[0]).Command
            capability = getattr(command, "capability", "")
            if capability:
                yield _needs(f"command {name}", capability)


def _dynamic(callback: Callable[..., Any]) -> str:
    """One view that answers for a table of verbs: the verb's own capability."""
    code = inspect.unwrap(callback)
    if not isinstance(code, partial):
        return ""
    module = import_module(code.func.__module__)
    found = code.keywords
    table = getattr(module, "ACTIONS", None) or getattr(module, "VERBS", {})
    if "kind" in found:
        verbs = [verb for verb in table[found["kind"]] if verb.name == found["name"]]
    else:
        verbs = [table[found["name"]]] if found.get("name") in table else []
    return getattr(verbs[0], "capability", "") if verbs else ""


def _first_asked(code: Callable[..., Any]) -> str:
    """The capability of the first question to the policy, in this function or in what it calls in its module."""
    module = inspect.getmodule(code)
    waiting: list[Any] = [inspect.unwrap(code)]
    seen: set[str] = set()
    while waiting:
        function = waiting.pop(0)
        calls = _calls(function)
        for name, capability in calls:
            if name in _ASKS and capability:
                return capability
        for name, _ in calls:
            called = getattr(module, name, None)
            if (
                name not in seen
                and inspect.isfunction(called)
                and called.__module__ == code.__module__
            ):
                seen.add(name)
                waiting.append(inspect.unwrap(called))
    return ""


def _calls(function: Callable[..., Any]) -> list[tuple[str, str]]:
    """(called name, its second argument if that is text), in the order of the text."""
    tree = ast.parse(inspect.cleandoc(f"\n{inspect.getsource(function)}"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [
        (node.func.id, _text(node.args[1]) if len(node.args) > 1 else "")
        for node in found
        if isinstance(node.func, ast.Name)
    ]


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
