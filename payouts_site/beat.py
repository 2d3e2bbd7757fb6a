"""The scheduler: django-celery-beat's, which also shows that it lives and leaves people's edits alone."""

from typing import Any

from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from payouts_site import observe
from payouts_site.alive import mark


class LivingScheduler(DatabaseScheduler):  # type: ignore[misc]  # django-celery-beat has no type hints
    """Ticks at least every five seconds, and marks each tick."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        observe.start("beat")
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """The seconds until the next one."""
        mark()
        return float(super().tick(*args, **kwargs))

    def update_from_dict(self, mapping: dict[str, dict[str, Any]]) -> None:
        """Only what is missing: django-celery-beat would overwrite, at each start, what people set in the console."""
        known = set(PeriodicTask.objects.filter(name__in=mapping).values_list("name", flat=True))
        super().update_from_dict(
            {name: entry for name, entry in mapping.items() if name not in known}
        )
