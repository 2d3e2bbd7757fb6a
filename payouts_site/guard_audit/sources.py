"""The product's own files as syntax trees, and which of its modules import which."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = (
    "access",
    "api",
    "audit",
    "guard",
    "money",
    "payouts",
    "payouts_site",
    "rails",
    "transfers",
    "webhooks",
)


def files() -> Iterator[tuple[str, str]]:
    """Path from the root and text of every module of the product, without migrations."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def is_ours(module: str) -> bool:
    """Is this dotted name in one of the product's rooms?"""
    return module.partition(".")[0] in ROOMS


@cache
def imports_of(module: str) -> frozenset[str]:
    """Modules and members of the product that this module's file imports; empty for a file that is not there."""
    path = ROOT / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not is_ours(module) or not path.exists():
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in found if is_ours(name))


def reaches(module: str, *wanted: str) -> bool:
    """Does `module` import one of `wanted`, itself or through what it imports?"""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in wanted:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(imports_of(name))
    return False
