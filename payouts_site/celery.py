"""Celery only wakes workers up. What is due lives in PostgreSQL; losing a message costs seconds, never money."""

import os
from typing import Any

from celery import Celery
from celery.bootsteps import StartStopStep

from payouts_site.alive import mark

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payouts_site.settings")

app = Celery("paidonce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class SweepStep(StartStopStep):
    """Every worker process also sweeps, so that a dead broker delays nothing beyond one sweep."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._sweeper: Any = None

    def start(self, parent: Any) -> None:
        """Begin to sweep. The import waits for Django's apps, which are ready only once a worker starts."""
        from transfers.sweep import Sweeper  # noqa: PLC0415 - this module is imported by settings' package

        self._sweeper = Sweeper(progress=mark)
        self._sweeper.start()

    def stop(self, parent: Any) -> None:
        """Finish the round under way."""
        if self._sweeper is not None:
            self._sweeper.stop()


app.steps["worker"].add(SweepStep)
