"""`WebhookDelivery`: one event promised to one endpoint, written in the transaction of the fact itself."""

from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from webhooks.models.endpoint import CountsChanges, WebhookEndpoint

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from webhooks.models.delivery_try import WebhookTry


class DeliveryState(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending", "Pending"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
    DISABLED = "disabled", "Endpoint disabled"


class PromiseIsFixed(pgtrigger.Trigger):
    """What an endpoint is told, and under which id, never changes, and a promise is never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'webhook delivery %: a promise is never deleted', OLD.id;
        END IF;
        IF (OLD.endpoint_id, OLD.webhook_id, OLD.event_type, OLD.subject, OLD.version, OLD.payload)
            IS DISTINCT FROM
           (NEW.endpoint_id, NEW.webhook_id, NEW.event_type, NEW.subject, NEW.version, NEW.payload)
        THEN
            RAISE EXCEPTION 'webhook delivery %: what was promised never changes', OLD.id;
        END IF;
        RETURN NEW;
    """


class WebhookDelivery(models.Model):
    """The message as it will be sent, however often it is tried.

    `due_at` is when somebody must act: the next try, or the end of the lease of the worker who is trying; NULL when
    there is nothing left to do. `fence` goes up with every claim, and an answer is recorded only under the fence of
    the claim that asked. `step` is the place in the schedule of retries; `tries` counts over all rounds.
    """

    subject_type = "webhook_delivery"

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    webhook_id = models.CharField(max_length=64, help_text="The header webhook-id of every try.")
    event_type = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, help_text='What it is about, such as "transfer:12".')
    version = models.BigIntegerField(help_text="The subject's version that the event tells of.")
    payload = models.TextField(help_text="The body of every try, to the byte.")
    state = models.CharField(
        max_length=16,
        choices=DeliveryState,
        default=DeliveryState.PENDING,
        db_default=DeliveryState.PENDING,
    )
    step = models.PositiveIntegerField(default=0, db_default=0)
    tries = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, db_default=Now())
    fence = models.PositiveIntegerField(default=0, db_default=0)
    last_status = models.PositiveIntegerField(null=True)
    last_error = models.CharField(max_length=500, blank=True, db_default="")
    delivered_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(
        default=1, db_default=1, help_text="One more with every change; the ETag."
    )
    created_at = models.DateTimeField(db_default=Now())

    attempts: "RelatedManager[WebhookTry]"

    class Meta:
        verbose_name_plural = "webhook deliveries"
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("endpoint", "event_type", "subject", "version"),
                name="one_webhook_delivery_per_fact_and_endpoint",
            ),
            models.UniqueConstraint(
                fields=("endpoint", "webhook_id"), name="one_webhook_delivery_per_id_and_endpoint"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", due_at__isnull=False)
                | (~Q(state="pending") & Q(due_at__isnull=True)),
                name="pending_webhook_delivery_is_due_some_day",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False),
                name="delivered_webhook_says_when",
            ),
        )
        indexes = (
            models.Index(
                fields=("endpoint", "due_at"),
                condition=Q(due_at__isnull=False),
                name="webhook_delivery_due",
            ),
            models.Index(fields=("endpoint", "id"), name="webhook_delivery_by_endpoint"),
            models.Index(fields=("endpoint", "state", "id"), name="webhook_delivery_by_both"),
            models.Index(fields=("state", "id"), name="webhook_delivery_by_state"),
            models.Index(fields=("subject", "id"), name="webhook_delivery_by_subject"),
        )
        triggers = (
            PromiseIsFixed(name="webhook_promise_is_fixed"),
            CountsChanges(name="webhook_delivery_counts_changes", column="revision"),
        )

    def __str__(self) -> str:
        return f"{self.event_type} {self.webhook_id}"
