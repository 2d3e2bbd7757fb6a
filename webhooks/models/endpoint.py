"""`WebhookEndpoint`: an address of an integrator's that wants to be told."""

from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from webhooks.events import EVENT_TYPES

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from webhooks.models.delivery import WebhookDelivery


class CountsChanges(pgtrigger.Trigger):
    """Every change is one more in `column`, whoever makes it: what callers send back as If-Match."""

    when = pgtrigger.Before
    operation = pgtrigger.Update
    condition = pgtrigger.AnyChange()

    def __init__(self, *, name: str, column: str) -> None:
        super().__init__(name=name, func=f"NEW.{column} := OLD.{column} + 1; RETURN NEW;")


class WebhookEndpoint(models.Model):
    """Where to, what about, signed with which secret. Never deleted: its deliveries are evidence.

    While `old_secret_until` has not passed, messages are signed with both secrets, so that a receiver can change over
    at leisure. Both are encrypted (`webhooks.secrets`) and shown once, when they are made.
    """

    subject_type = "webhook_endpoint"

    url = models.CharField(max_length=2_000)
    events = ArrayField(models.CharField(max_length=64))
    secret = models.BinaryField()
    old_secret = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=150, help_text="Who made it.")
    owner_id = models.BigIntegerField(null=True, help_text="The person; also behind a token.")
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=500, blank=True, db_default="")
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())

    deliveries: "RelatedManager[WebhookDelivery]"

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=Q(events__len__gt=0) & Q(events__contained_by=list(EVENT_TYPES)),
                name="webhook_endpoint_wants_events_that_exist",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_why="")
                | (Q(disabled_at__isnull=False) & ~Q(disabled_why="")),
                name="disabled_webhook_endpoint_says_why",
            ),
            models.CheckConstraint(
                condition=Q(old_secret__isnull=True, old_secret_until__isnull=True)
                | Q(old_secret__isnull=False, old_secret_until__isnull=False),
                name="old_webhook_secret_ends_some_day",
            ),
        )
        indexes = (models.Index(fields=("owner_id", "id"), name="webhook_endpoint_by_owner"),)
        triggers = (CountsChanges(name="webhook_endpoint_counts_changes", column="version"),)

    @property
    def status(self) -> str:
        """In a word."""
        return "enabled" if self.disabled_at is None else "disabled"

    def __str__(self) -> str:
        return self.url
