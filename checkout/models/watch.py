"""How far the ledger has been read, and what the reconciler did."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now

from guard.triggers import NeverDeleted, NeverEmptied

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class WatchCursor(models.Model):
    """One receiving account. `cursor` goes forward only, and only after the rows up to it are committed."""

    account = models.CharField(max_length=56, unique=True)
    cursor = models.BigIntegerField(default=0, db_default=0, help_text="The last operation read.")
    caught_up_at = models.DateTimeField(
        null=True, help_text="Everything in ledgers closed until then has been read."
    )
    polled_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, db_default="")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = (
            NeverDeleted(name="watch_cursor_is_not_deleted"),
            NeverEmptied(name="watch_cursor_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.account[:8]}… at {self.cursor}"


class RunOutcome(models.TextChoices):
    """How a run ended."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    HELD_OFF = "held_off", "Repaired nothing"


class ReconcileRun(models.Model):
    """One run of the stale-session reconciler. `problem` says why it repaired nothing."""

    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=150)
    dry_run = models.BooleanField(default=False)
    outcome = models.CharField(max_length=16, choices=RunOutcome, default=RunOutcome.RUNNING)
    problem = models.TextField(blank=True, db_default="")
    looked_at = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    findings = models.PositiveIntegerField(default=0)

    repairs: "RelatedManager[ReconcileRepair]"

    class Meta:
        triggers = (
            NeverDeleted(name="reconcile_run_is_not_deleted"),
            NeverEmptied(name="reconcile_run_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"run {self.pk}: {self.outcome}"


class ReconcileRepair(models.Model):
    """What a run did, would do, or could not do about one session, and the evidence for it."""

    run = models.ForeignKey(ReconcileRun, on_delete=models.CASCADE, related_name="repairs")
    session_id = models.BigIntegerField()
    case = models.CharField(max_length=32)
    action = models.CharField(max_length=32)
    detail = models.TextField()
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=("session_id", "id"), name="repair_by_session"),)
        triggers = (
            NeverDeleted(name="reconcile_repair_is_not_deleted"),
            NeverEmptied(name="reconcile_repair_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"session {self.session_id}: {self.action}"
