"""`Release`: two people decide an outcome that the rail does not tell."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from guard.triggers import NeverEmptied
from transfers.models.transfer import Transfer
from transfers.triggers import ReleaseIsFixed


class ReleaseDecision(models.TextChoices):
    """What became of the attempt."""

    MOVED = "moved", "The money moved"
    NOT_MOVED = "not_moved", "No money moved"


class ReleaseState(models.TextChoices):
    """Proposed by one person until another one confirms it, or it is withdrawn."""

    PROPOSED = "proposed", "Waits for a second person"
    CONFIRMED = "confirmed", "Confirmed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Release(models.Model):
    """A decision about a transfer's unknown outcome. The database wants two different people for it.

    `rail_reference`: the payment that the first person saw at the rail, where it moved.
    """

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="releases")
    decision = models.CharField(max_length=16, choices=ReleaseDecision)
    rail_reference = models.CharField(max_length=128, blank=True, db_default="")
    state = models.CharField(
        max_length=16, choices=ReleaseState, default=ReleaseState.PROPOSED, db_default="proposed"
    )
    proposed_by = models.CharField(max_length=150)
    proposed_by_id = models.BigIntegerField()
    proposed_reason = models.TextField()
    proposed_at = models.DateTimeField(db_default=Now())
    closed_by = models.CharField(max_length=150, blank=True, db_default="")
    closed_by_id = models.BigIntegerField(null=True)
    closed_reason = models.TextField(blank=True, db_default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | (
                    Q(closed_by_id__isnull=False)
                    & ~Q(closed_by_id=F("proposed_by_id"))
                    & ~Q(closed_by=F("proposed_by"))
                ),
                name="release_is_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(proposed_reason=""), name="release_gives_its_reason"
            ),
            models.CheckConstraint(
                condition=Q(decision="not_moved") | ~Q(rail_reference=""),
                name="release_names_the_payment_that_moved",
            ),
            models.UniqueConstraint(
                fields=("transfer",),
                condition=Q(state="proposed"),
                name="one_open_release_per_transfer",
            ),
        )
        triggers = (
            ReleaseIsFixed(name="release_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
            NeverEmptied(name="release_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"release {self.pk} of transfer {self.transfer_id}: {self.decision}"
