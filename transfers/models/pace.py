"""`Pace`: the next free moment on a rail, shared by every worker process."""

from django.db import models
from django.db.models.functions import Now


class Pace(models.Model):
    """One row per rail. The table is UNLOGGED: a crash forgets it, which costs nothing."""

    rail = models.CharField(max_length=16, primary_key=True)
    next_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.rail} from {self.next_at}"
