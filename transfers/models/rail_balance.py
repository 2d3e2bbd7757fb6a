"""`RailBalance`: what a rail last said that we have there, so that no page ever waits for a rail."""

from django.db import models
from django.db.models.functions import Now


class RailBalance(models.Model):
    """One row per rail. `amounts` are minor units by currency, of `read_at`; `problem` is why the last try failed."""

    rail = models.CharField(max_length=16, primary_key=True)
    amounts = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(db_default=Now())
    problem = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"balance at {self.rail}"
