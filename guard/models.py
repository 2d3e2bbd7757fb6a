"""Idempotency records: one table for HTTP POSTs and for jobs.

A key is executed by one holder at a time; whoever loses its lease can no longer complete (fence).
"""

from django.contrib.postgres.functions import TransactionNow
from django.db import models


class IdempotencyRecord(models.Model):
    """What became of one key in one scope. Written only through `guard.idempotency`."""

    class Status(models.TextChoices):
        """`running` until its answer is stored."""

        RUNNING = "running"
        COMPLETED = "completed"

    scope = models.TextField(help_text='"<user id>:POST:<path>" or "job".')
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the body.")
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    locked_until = models.DateTimeField(help_text="End of the lease, on the database's clock.")
    fence = models.IntegerField(default=1, help_text="+1 for each holder.")
    response_status = models.SmallIntegerField(null=True, blank=True)
    response_headers = models.JSONField(null=True, blank=True)
    response_body = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=TransactionNow())
    completed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "idempotency record"
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="one_record_per_scope_and_key"),
            models.CheckConstraint(
                condition=models.Q(status="running", completed_at__isnull=True)
                | models.Q(status="completed", completed_at__isnull=False),
                name="completed_records_say_when",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
