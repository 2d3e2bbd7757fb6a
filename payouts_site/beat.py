"""The scheduler: django-celery-beat's, which also shows that it lives."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from payouts_site.alive import mark


class LivingScheduler(DatabaseScheduler):  # type: ignore[misc]  # django-celery-beat has no type hints
    """Ticks at least every five seconds, and marks each tick."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """The seconds until the next one."""
        mark()
        return float(super().tick(*args, **kwargs))
