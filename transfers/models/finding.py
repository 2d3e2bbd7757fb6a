"""`Finding`: our books and a rail disagree, and a person must look."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from guard.triggers import NeverDeleted, NeverEmptied


class FindingState(models.TextChoices):
    """Open until a person says how it was resolved."""

    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved"


class Finding(models.Model):
    """One disagreement, raised once however often it is seen. It changes once, when it is resolved."""

    VERSION_OPEN: ClassVar = 1

    subject = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    detail = models.TextField()
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=FindingState, default=FindingState.OPEN)
    resolution = models.CharField(max_length=64, blank=True, db_default="")
    note = models.TextField(blank=True, db_default="")
    resolved_by = models.CharField(max_length=150, blank=True, db_default="")
    resolved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "kind"),
                condition=Q(state="open"),
                name="one_open_finding_per_subject_and_kind",
            ),
        )
        indexes = (
            models.Index(fields=("state", "id"), name="finding_by_state"),
            models.Index(fields=("subject", "id"), name="finding_by_subject"),
        )
        triggers = (
            NeverDeleted(name="finding_is_not_deleted"),
            NeverEmptied(name="finding_is_not_truncated"),
        )

    @property
    def version(self) -> int:
        """Follows from the state: one for open, two for resolved."""
        return self.VERSION_OPEN + (self.state != FindingState.OPEN)

    def __str__(self) -> str:
        return f"{self.kind} on {self.subject}"
