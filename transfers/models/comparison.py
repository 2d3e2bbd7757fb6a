"""`RailComparison`: our books were held against the rails', from beginning to end."""

from django.db import models
from django.db.models.functions import Now

from guard.triggers import NeverDeleted, NeverEmptied


class RailComparison(models.Model):
    """One run. `finished_at` is set only when every configured rail answered to the end; NULL proves nothing."""

    since = models.DateTimeField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=150)
    result = models.JSONField(default=dict)

    class Meta:
        default_permissions = ("view",)
        triggers = (
            NeverDeleted(name="rail_comparison_is_not_deleted"),
            NeverEmptied(name="rail_comparison_is_not_truncated"),
        )

    def __str__(self) -> str:
        return f"comparison {self.pk}"
