"""`WebhookTry`: one request to an endpoint, written down before it is sent."""

from django.db import models
from django.db.models.functions import Now

from webhooks.models.delivery import WebhookDelivery


class WebhookTry(models.Model):
    """Without an answer and an error, the worker died before it could record one: the endpoint may have got it."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    sent_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    http_status = models.PositiveIntegerField(null=True)
    answer = models.TextField(blank=True, db_default="", help_text="The beginning of it.")
    error = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("delivery", "number"), name="one_webhook_try_per_number"
            ),
        )

    def __str__(self) -> str:
        return f"try {self.number}"
