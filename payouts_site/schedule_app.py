"""What the scheduler's app is called on the console: "Periodic Tasks" is no word of its sidebar."""

from django_celery_beat.apps import BeatConfig


class ScheduleConfig(BeatConfig):  # type: ignore[misc]  # django_celery_beat has no type hints
    """What runs by itself."""

    verbose_name = "Schedule"
