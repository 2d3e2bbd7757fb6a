"""What was found against what was declared."""

import ast
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from payouts_site.guard_audit.declared import WAYS
from payouts_site.guard_audit.declared_pages import HARMLESS, PAGES
from payouts_site.guard_audit.found import Found, ways_in
from payouts_site.guard_audit.scan import cheats
from payouts_site.guard_audit.sources import ROOT, reaches
from payouts_site.guard_audit.way import Way

# A status changes through the first; a new row, or what is not a status, is written down by the second.
_DOORS: Final = ("guard.door", "audit.record")


@dataclass(slots=True)
class Report:
    """Guarded ways in, how many are harmless, declarations without a way in, and what is wrong."""

    guarded: list[Way] = field(default_factory=list)
    harmless: int = 0
    gone: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def audit() -> Report:
    """Judge the site as it runs here, and its source."""
    report = Report()
    declared = {way.name: way for way in (*WAYS, *PAGES)}
    names = set()
    for found in ways_in():
        names.add(found.name)
        if found.name in HARMLESS:
            report.harmless += 1
        elif found.name in declared:
            way = declared[found.name]
            report.guarded.append(way)
            report.wrong += [f"{way.name}: {what}" for what in _faults(found, way)]
        else:
            report.wrong.append(f"{found.name} ({found.module}): it is not declared")
        if found.wrong:
            report.wrong.append(f"{found.name} ({found.module}): {found.wrong}")
    report.gone = sorted((declared.keys() | HARMLESS.keys()) - names)
    report.wrong += cheats()
    return report


def _faults(found: Found, way: Way) -> list[str]:
    module, _, name = way.guard.rpartition(".")
    if not callable(getattr(import_module(module), name, None)):
        return [f"there is no {way.guard}"]
    faults = []
    if not reaches(found.module, way.guard):
        faults.append(f"{found.module} does not call {way.guard}")
    if not way.only_keeps and not reaches(module, *_DOORS):
        faults.append(f"{way.guard} does not go through the door")
    # An image for production carries no tests.
    if (ROOT / "tests").is_dir() and not _is_there(way.test):
        faults.append(f"there is no test {way.test}")
    return faults


def _is_there(test: str) -> bool:
    path, *names = test.split("::")
    if not (ROOT / path).is_file():
        return False
    body = ast.parse((ROOT / path).read_text()).body
    for name in names:
        node = next((node for node in body if getattr(node, "name", "") == name), None)
        if node is None:
            return False
        body = getattr(node, "body", [])
    return True
