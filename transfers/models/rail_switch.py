"""`RailSwitch`: whether money may leave on a rail, or at all."""

from typing import Final

from django.db import models
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from guard.guarded_model import GuardedModel
from guard.triggers import NeverDeleted, NeverEmptied, OnlyDeclaredSteps

# The row that stands for all rails at once.
EVERY_RAIL: Final = "all"


class SwitchStatus(models.TextChoices):
    """Paused: nothing new is sent and nothing is sent again. What may have moved is still asked about."""

    OPEN = "open", "Open"
    PAUSED = "paused", "Paused"


class RailSwitch(GuardedModel):
    """One row per rail that was ever paused, and one for all of them; no row means open."""

    subject_type = "rail_switch"

    rail = models.CharField(max_length=16, unique=True)
    status = FSMField(
        max_length=16, choices=SwitchStatus, default=SwitchStatus.OPEN, protected=True
    )
    version = models.PositiveIntegerField(default=1, db_default=1)
    reason = models.CharField(max_length=500, blank=True, db_default="")
    changed_by = models.CharField(max_length=150, blank=True, db_default="")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "paused rails"
        default_permissions = ("view",)
        triggers = (
            OnlyDeclaredSteps(name="rail_switch_status_steps"),
            # No row means open: one that goes away would let money leave with nobody's name to it.
            NeverDeleted(name="rail_switch_is_not_deleted"),
            NeverEmptied(name="rail_switch_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.rail} is {self.status}"

    @transition(field=status, source="open", target="paused")
    def pause(self) -> None:
        """A person stops what leaves."""

    @transition(field=status, source="paused", target="open")
    def resume(self) -> None:
        """A person lets it leave again."""
