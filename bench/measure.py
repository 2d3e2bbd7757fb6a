"""Interleaved runs, medians, and the table that they end in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long a run may take: for docs/performance.md, for an impression, or only to see that the code still runs.
Effort = Literal["full", "quick", "smoke"]

HEADINGS = ("what", "yardstick", "ours", "yardstick's", "ratio", "target", "reached")


@dataclass(frozen=True, slots=True)
class Target:
    """What the ratio must be."""

    bound: float
    at_least: bool

    def met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.at_least else ratio <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


def at_least(bound: float) -> Target:
    """Met by this ratio and any above."""
    return Target(bound, at_least=True)


def at_most(bound: float) -> Target:
    """Met by this ratio and any below."""
    return Target(bound, at_least=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. Without a target it is told for information."""

    what: str
    yardstick: str
    ours: float
    theirs: float | None
    unit: str
    ratio: float | None = None
    target: Target | None = None
    # Facts that the target asks for besides the ratio, such as "no 429".
    otherwise_good: bool = True
    runs: tuple[tuple[float, ...], ...] = ()

    @property
    def reached(self) -> bool | None:
        if self.target is None or self.ratio is None:
            return None
        return self.target.met(self.ratio) and self.otherwise_good

    def cells(self) -> tuple[str, ...]:
        reached = {None: "", True: "yes", False: "NO"}[self.reached]
        return (
            self.what,
            self.yardstick,
            f"{number(self.ours)} {self.unit}",
            "" if self.theirs is None else f"{number(self.theirs)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "" if self.target is None else str(self.target),
            reached,
        )

    def as_dict(self) -> dict[str, object]:
        return {
            "what": self.what,
            "yardstick": self.yardstick,
            "ours": self.ours,
            "theirs": self.theirs,
            "unit": self.unit,
            "ratio": self.ratio,
            "target": None if self.target is None else str(self.target),
            "reached": self.reached,
            "runs": self.runs,
        }


def number(value: float) -> str:
    """Three significant digits are all that a noisy machine can promise."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Pair:
    """The interleaved runs of both sides; a side's figure is its median."""

    ours_runs: tuple[float, ...]
    their_runs: tuple[float, ...]

    @property
    def ours(self) -> float:
        return statistics.median(self.ours_runs)

    @property
    def theirs(self) -> float:
        return statistics.median(self.their_runs)

    @property
    def runs(self) -> tuple[tuple[float, ...], ...]:
        return self.ours_runs, self.their_runs


def interleaved(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Pair:
    """A B A B …, after one round of each that does not count."""
    ours()
    theirs()
    measured = [(ours(), theirs()) for _ in range(rounds)]
    return Pair(tuple(one for one, _ in measured), tuple(other for _, other in measured))


class Stopwatch:
    """`seconds` after the block is over."""

    seconds: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measures the block."""
    watch = Stopwatch()
    started = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - started


LONG_ENOUGH_SECONDS = 0.3


def fastest(once: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of so many, and of as many more as fit into a moment in which others run as well.

    On a busy machine the others say how long somebody else was busy.
    """
    began = time.perf_counter()
    seconds: list[float] = []
    while len(seconds) < times or time.perf_counter() - began < LONG_ENOUGH_SECONDS:
        with stopwatch() as watch:
            once()
        seconds.append(watch.seconds)
    return min(seconds)


def table(lines: Sequence[Line]) -> str:
    """As Markdown, which reads well enough on a terminal."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(texts)
