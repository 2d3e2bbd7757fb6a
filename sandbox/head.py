"""The head of every control page: its name, what it is, the rail's clock, one more fact, and the other pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from sandbox.clock import Clock
from sandbox.widgets import clock as told

_HEAD = Template((Path(__file__).resolve().parent / "head.html").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Head:
    """What stays the same: `title` is also the tab's, `lead` stands below it, `fact` is what its second figure says."""

    title: str
    lead: str
    fact: str

    def html(self, nav: str, clock: Clock, value: str) -> str:
        """Everything before `<main>`. `nav` is HTML already; `value` is of `fact`."""
        return _HEAD.substitute(
            title=escape(self.title),
            lead=escape(self.lead),
            fact=escape(self.fact),
            value=escape(value),
            clock=told(clock.now(), clock.offset),
            nav=nav,
        )
