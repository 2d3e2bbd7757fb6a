"""Append-only audit entries, hash-chained per subject, and the seals over all of them.

The database chains each entry (trigger below) and refuses UPDATE, DELETE and TRUNCATE. A chain alone cannot show
that its newest entries were cut off, or that a whole subject vanished; seals can: each is a Merkle root over every
entry since the seal before, chained to that seal's root. `manage.py verify_audit` recomputes both in Python.
"""

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from audit.triggers import AppendOnly, ChainEntry, RefuseTruncate


class Outcome(models.TextChoices):
    """What became of the attempt that the entry tells of."""

    WON = "won", "done"
    CONFLICT = "conflict", "refused: somebody was faster"
    ILLEGAL = "illegal", "refused: no such step"
    DENIED = "denied", "refused: not allowed"
    NOTED = "noted", "noted"


class Entry(models.Model):
    """One thing that happened to a subject, or that somebody tried and was refused."""

    subject = models.CharField(max_length=64, help_text='Such as "transfer:12".')
    seq = models.PositiveIntegerField(
        help_text="Place in the subject's chain, from 1; set by the database."
    )
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16, choices=Outcome)
    prior_status = models.CharField(max_length=32, blank=True)
    new_status = models.CharField(max_length=32, blank=True)
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField(max_length=150)
    actor_user_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    snapshot = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())
    prev_hash = models.BinaryField()
    entry_hash = models.BinaryField()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "seq"), name="one_audit_entry_per_place_in_a_chain"
            ),
        )
        indexes = (
            models.Index(fields=("outcome", "id"), name="audit_by_outcome"),
            models.Index(fields=("actor_name", "id"), name="audit_by_actor"),
            models.Index(fields=("at",), name="audit_by_time"),
        )
        triggers = (
            ChainEntry(name="audit_entry_is_chained"),
            AppendOnly(
                name="audit_entry_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            RefuseTruncate(name="audit_entry_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.subject} #{self.seq} {self.action}"


class Seal(models.Model):
    """A Merkle root over all entries with `first_entry_id <= id <= last_entry_id`, chained to the seal before."""

    first_entry_id = models.BigIntegerField()
    last_entry_id = models.BigIntegerField(unique=True)
    entry_count = models.PositiveIntegerField()
    root = models.BinaryField()
    prev_root = models.BinaryField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "audit seal"
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(last_entry_id__gte=models.F("first_entry_id")),
                name="audit_seal_covers_at_least_one_entry",
            ),
        )
        triggers = (
            AppendOnly(
                name="audit_seal_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            RefuseTruncate(name="audit_seal_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"seal {self.pk}: {self.entry_count} entries"
