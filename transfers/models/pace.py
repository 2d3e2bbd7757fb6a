"""`Pace`: the next free moment on a rail, shared by every worker process."""

from django.db import models
from django.db.models.functions import Now


class Pace(models.Model):
    """One row per rail. The table is UNLOGGED: a crash forgets it, which costs nothing.

    `held_until`: the rail itself asked for no calls until then; else `next_at` is only how long the queue is.
    """

    rail = models.CharField(max_length=16, primary_key=True)
    next_at = models.DateTimeField(db_default=Now())
    held_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.rail} from {self.next_at}"
