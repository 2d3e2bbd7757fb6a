"""Code that would change a status, or write a row about money, without the door. Read as text, never run."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from payouts_site.guard_audit.sources import files

# The door itself, and the idempotency records, whose status is about a request and not about money.
_DOOR: Final = "guard/"
_MONEY: Final = ("payouts/", "transfers/", "rails/")
_WRITES: Final = {"update", "aupdate", "update_or_create", "aupdate_or_create", "bulk_update"}
_SAVES: Final = {"save", "asave", "bulk_update", "abulk_update"}
# Where somebody asks for something: these call a service and write nothing themselves.
_SURFACES: Final = ("/api/", "/console/", "/admin/", "/management/commands/", "/tasks.py")
_ROWS: Final = re.compile(
    r"\.objects\b.*\.a?(create|update|delete|bulk_create|bulk_update|get_or_create|update_or_create)$"
)
_SETS_STATUS: Final = re.compile(
    r"\bUPDATE\b(?:(?!;).)*?\bSET\b(?P<sets>(?:(?!\bWHERE\b|\bRETURNING\b|;).)*)", re.S | re.I
)
_STATUS: Final = re.compile(r"(?<![\w.])\"?status\"?\s*=(?!=)", re.I)


def cheats(sources: Iterable[tuple[str, ast.Module]] | None = None) -> list[str]:
    """`path:line: what` for each place; of the product's files unless others are given."""
    return list(_of_the_product()) if sources is None else _of(sources)


@cache
def _of_the_product() -> tuple[str, ...]:
    return tuple(_of(files()))


def _of(sources: Iterable[tuple[str, ast.Module]]) -> list[str]:
    found: list[str] = []
    for path, tree in sources:
        if not path.startswith(_DOOR):
            found += [f"{path}:{line}: {what}" for line, what in _in_file(path, tree)]
    return found


def _in_file(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for what in _call(path, node):
                yield node.lineno, what
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            if _sql_sets_status(node):
                yield node.lineno, "SQL sets a status"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            # An exception that carries a status names it on itself.
            itself = isinstance(node.value, ast.Name) and node.value.id == "self"
            if node.attr == "status" and path.startswith(_MONEY) and not itself:
                yield node.lineno, "assigns a status"


def _call(path: str, call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Name) and call.func.id == "setattr":
        if any(_is(argument, "status") for argument in call.args):
            yield "sets the attribute status"
        return
    if not isinstance(call.func, ast.Attribute):
        return
    name = call.func.attr
    if name in _WRITES and _names_status(call):
        yield f".{name}() of a status"
    elif name in _SAVES and (path.startswith(_MONEY) or _names_status(call)):
        yield f".{name}() of a row about money"
    is_surface = path.startswith(_MONEY) and any(part in path for part in _SURFACES)
    if is_surface and _ROWS.search(ast.unparse(call.func)):
        yield f".{name}() on a model, not through a service"


def _names_status(call: ast.Call) -> bool:
    """`status=…`, `**{"status": …}`, `defaults={"status": …}`, `update_fields=["status"]`."""
    return any(keyword.arg == "status" for keyword in call.keywords) or any(
        _is(node, "status") for node in ast.walk(call)
    )


def _is(node: ast.AST, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _sql_sets_status(node: ast.Constant | ast.JoinedStr) -> bool:
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        text = "".join(str(part) for part in parts)
    else:
        text = node.value if isinstance(node.value, str) else ""
    return any(_STATUS.search(match["sets"]) for match in _SETS_STATUS.finditer(text))
