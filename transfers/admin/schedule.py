"""The scheduler's own tables in the console's theme; only a super_admin may change them."""

from typing import Final

from django.contrib import admin
from django_celery_beat.admin import ClockedScheduleAdmin as BaseClocked
from django_celery_beat.admin import CrontabScheduleAdmin as BaseCrontab
from django_celery_beat.admin import PeriodicTaskAdmin as BasePeriodicTask
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

MODELS: Final = (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule)
for _model in MODELS:
    admin.site.unregister(_model)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # no type hints
    template_name = "unfold/widgets/select.html"


class _TaskForm(PeriodicTaskForm):  # type: ignore[misc]  # django_celery_beat has no type hints
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BasePeriodicTask, ModelAdmin):  # type: ignore[misc]  # no type hints
    """What is run when."""

    form = _TaskForm
    # Its own explains crontabs in an inline script, which the content security policy refuses.
    change_form_template = "admin/change_form.html"


@admin.register(IntervalSchedule, SolarSchedule)
class ScheduleAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no type hints
    """Every so often; by the sun."""


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BaseCrontab, ModelAdmin):  # type: ignore[misc]  # no type hints
    """By the clock."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BaseClocked, ModelAdmin):  # type: ignore[misc]  # no type hints
    """Once."""
