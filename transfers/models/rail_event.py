"""`RailEvent`: one message from a rail, stored once as it came, applied later."""

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Now

from guard.triggers import NeverDeleted, NeverEmptied
from transfers.models.transfer import Rail

# What the rail calls the payment that a message is about: Wise's states and refunds, its failures, Stripe's objects.
EVENT_REFERENCE = Coalesce(
    KT("payload__data__resource__id"),
    KT("payload__data__transfer_id"),
    KT("payload__data__object__id"),
    output_field=models.TextField(),
)


class RailEvent(models.Model):
    """A verified inbound webhook. Its payload is only a hint: what counts is what the rail says when asked."""

    rail = models.CharField(max_length=16, choices=Rail)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=128)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, db_default=Now())
    tries = models.PositiveIntegerField(default=0, db_default=0)
    applied_at = models.DateTimeField(null=True)
    result = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("rail", "event_id"), name="one_row_per_rail_event"),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(due_at__isnull=False), name="rail_event_due"
            ),
            # Which messages are about this debt: a timeline's question.
            models.Index(KT("payload__data__object__transfer_group"), name="rail_event_by_group"),
            models.Index(EVENT_REFERENCE, "rail", "id", name="rail_event_by_reference"),
        )
        triggers = (
            NeverDeleted(name="rail_event_is_not_deleted"),
            NeverEmptied(name="rail_event_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.rail} {self.type} {self.event_id}"
