"""The product's own files."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_NOT_THE_PRODUCT: Final = ("bench", "sandbox", "tests")
ROOMS: Final = tuple(
    sorted(
        path.parent.name
        for path in ROOT.glob("*/__init__.py")
        if path.parent.name not in _NOT_THE_PRODUCT
    )
)


def files() -> Iterator[tuple[str, ast.Module]]:
    """Path from the root and syntax tree of every module of the product, without migrations."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    """A file's tree, read once a process."""
    return ast.parse(path.read_text())


def is_ours(module: str) -> bool:
    """Is this dotted name in one of the product's rooms?"""
    return module.partition(".")[0] in ROOMS
