"""What was found against what was declared."""

import ast
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from payouts_site.guard_audit.calls import CallGraph
from payouts_site.guard_audit.declared import WAYS
from payouts_site.guard_audit.declared_checkout import CHECKOUT, CHECKOUT_PAGES
from payouts_site.guard_audit.declared_pages import HARMLESS, PAGES, SHOWS_VERBS
from payouts_site.guard_audit.found import Found, ways_in
from payouts_site.guard_audit.scan import cheats
from payouts_site.guard_audit.sources import ROOT
from payouts_site.guard_audit.way import Way

# A status changes through these, and nothing that is said to be harmless may reach them.
_STATUS: Final = ("guard.door.change_status", "guard.door.change_in_place")
# A new row, or what is not a status, is written down by these; the last is for one SQL statement that does both.
_DOORS: Final = (*_STATUS, "audit.record.record", "audit.record.COLUMNS")

_PRODUCT: Final = CallGraph()


@dataclass(slots=True)
class Report:
    """Guarded ways in, how many are harmless, and what is wrong."""

    guarded: list[Way] = field(default_factory=list)
    harmless: int = 0
    wrong: list[str] = field(default_factory=list)


def audit(graph: CallGraph | None = None) -> Report:
    """Judge the site as it runs here, and its source."""
    graph = graph or _PRODUCT
    report = Report()
    declared = {way.name: way for way in (*WAYS, *CHECKOUT, *PAGES, *CHECKOUT_PAGES)}
    names = set()
    for found in ways_in():
        names.add(found.name)
        if found.name in declared:
            way = declared[found.name]
            report.guarded.append(way)
            faults = _faults(found, way, graph)
        else:
            is_harmless = found.is_safe or found.name in HARMLESS
            report.harmless += is_harmless
            faults = _hidden(found, graph) if is_harmless else ["it is not declared"]
        faults += [found.wrong] if found.wrong else []
        report.wrong += [f"{found.name} ({found.code}): {what}" for what in faults]
    gone = sorted((declared.keys() | HARMLESS.keys()) - names)
    report.wrong += [f"{name}: it is declared, and there is no such way in" for name in gone]
    report.wrong += cheats()
    return report


def _hidden(found: Found, graph: CallGraph) -> list[str]:
    if not graph.reaches(found.code, *_STATUS):
        return []
    test = SHOWS_VERBS.get(found.name, "")
    if not test:
        return ["it is said to change nothing, and reaches the door"]
    return [] if _is_there(test) else [f"there is no test {test}"]


def _faults(found: Found, way: Way, graph: CallGraph) -> list[str]:
    module, _, name = way.guard.rpartition(".")
    if not callable(getattr(import_module(module), name, None)):
        return [f"there is no {way.guard}"]
    faults = []
    if not graph.reaches(found.code, way.guard):
        faults.append(f"it does not call {way.guard}")
    if not way.only_keeps and not graph.reaches(f"{module}:{name}", *_DOORS):
        faults.append(f"{way.guard} does not go through the door")
    if not _is_there(way.test):
        faults.append(f"there is no test {way.test}")
    return faults


def _is_there(test: str) -> bool:
    # An image for production carries no tests.
    if not (ROOT / "tests").is_dir():
        return True
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
