"""Celery only wakes workers up. What is due lives in PostgreSQL; losing a message costs seconds, never money."""

import os
from typing import Any

from celery import Celery
from celery.bootsteps import StartStopStep

from payouts_site import observe
from payouts_site.alive import mark

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payouts_site.settings")

app = Celery("paidonce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class SweepStep(StartStopStep):
    """Every worker process also sweeps, so that a dead broker delays nothing beyond one sweep."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._sweepers: list[Any] = []

    def start(self, parent: Any) -> None:
        """Begin to sweep. The import waits for Django's apps, which are ready only once a worker starts."""
        from payouts_site.sweepers import sweepers  # noqa: PLC0415 - this module is imported by settings' package

        observe.start("worker")
        self._sweepers = sweepers(progress=mark)
        for sweeper in self._sweepers:
            sweeper.start()

    def stop(self, parent: Any) -> None:
        """Finish the rounds under way."""
        for sweeper in self._sweepers:
            sweeper.stop()


app.steps["worker"].add(SweepStep)
