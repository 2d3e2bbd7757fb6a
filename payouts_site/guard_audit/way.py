"""`Way`: one declared way to change something about money."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """`name` as it is found; the service that guards it; what it does; the test that proves it."""

    name: str
    guard: str
    effect: str
    test: str
    # There is no state to guard: what came in is only kept for a task that is declared itself, or binds nobody.
    only_keeps: bool = False
