"""The transition table of a model: read from its django-fsm declarations, the only place where it is written.

The door, the database trigger, the API's `allowed`, the console's buttons and the diagram in the docs all read this.
django-fsm's own saving is not used: a loser keeps the new status in memory, and a failed refresh switches its
protection off for the whole process (measured with 4.2.4).
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.db import models
from django_fsm import FSMFieldMixin

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class TransitionTable:
    """Which status may follow which, with the verb that names each step."""

    steps: "Mapping[tuple[str, str], str]"

    def allows(self, prior: str, new: str) -> bool:
        """Is this pair in the table?"""
        return (prior, new) in self.steps

    def allowed_from(self, prior: str) -> list[str]:
        """Every status that may follow `prior`, in alphabetical order."""
        return sorted(new for old, new in self.steps if old == prior)

    def pairs(self) -> list[tuple[str, str]]:
        """All pairs in a stable order."""
        return sorted(self.steps)

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = [f"    {old} --> {new}: {verb}" for (old, new), verb in sorted(self.steps.items())]
        return "\n".join(["stateDiagram-v2", *lines])


@cache
def transition_table(model: type[models.Model], field: str = "status") -> TransitionTable:
    """The table that `model` declares with `@transition(field=...)`. Raises TypeError if it declares none."""
    column = model._meta.get_field(field)
    if not isinstance(column, FSMFieldMixin):
        raise TypeError(f"{model._meta.label}.{field} is not an FSM field")
    steps = {
        (str(step.source), str(step.target)): step.name
        for step in column.get_all_transitions(model)
    }
    if not steps or any("*" in pair or "+" in pair for pair in steps):
        raise TypeError(f"{model._meta.label}.{field} must declare each pair of its table by name")
    return TransitionTable(steps)
