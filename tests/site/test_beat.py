"""The schedule: written down once, then people's. Its process: whether it gets on."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from payouts_site import celery_app
from payouts_site.alive import BEAT_SECONDS
from payouts_site.beat import LivingScheduler
from tests.sandbox_process import ROOT
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

RECONCILE = "reconcile checkout sessions"


class Beats:
    """Beat as a process starts it; nothing of it is left for the end of this one."""

    def __init__(self) -> None:
        self._started: list[LivingScheduler] = []

    def start(self) -> LivingScheduler:
        scheduler = LivingScheduler(app=celery_app)
        self._started.append(scheduler)
        return scheduler

    def end(self) -> None:
        for scheduler in self._started:
            scheduler._finalize.cancel()


@pytest.fixture
def beat() -> Iterator[Beats]:
    beats = Beats()
    yield beats
    beats.end()


def test_the_first_start_writes_down_all_of_it(beat: Beats) -> None:
    beat.start()
    wanted = celery_app.conf.beat_schedule
    for name, entry in wanted.items():
        row = PeriodicTask.objects.get(name=name)
        assert (row.task, row.schedule.run_every) == (entry["task"], entry["schedule"])


def test_what_people_set_survives_a_restart(beat: Beats) -> None:
    beat.start()
    row = PeriodicTask.objects.get(name=RECONCILE)
    row.interval, _ = IntervalSchedule.objects.get_or_create(every=7, period="minutes")
    row.save()
    PeriodicTask.objects.filter(name="read balances").update(enabled=False)
    started = beat.start()
    row.refresh_from_db()
    assert row.schedule.run_every == timedelta(minutes=7)
    assert started.schedule[RECONCILE].schedule.run_every == timedelta(minutes=7)
    assert not PeriodicTask.objects.get(name="read balances").enabled
    assert "read balances" not in started.schedule


def test_a_row_that_is_gone_is_written_again(beat: Beats) -> None:
    beat.start()
    PeriodicTask.objects.filter(name=RECONCILE).delete()
    beat.start()
    assert PeriodicTask.objects.filter(name=RECONCILE).count() == 1


def test_its_own_healthcheck_sees_it_tick_and_sees_it_gone(tmp_path: Path) -> None:
    """The command of docker-compose.yml against the scheduler's own file. That the broker is away is no reason."""
    alive = tmp_path / "alive-of-beat"
    environment = {"ALIVE_FILE": str(alive), "WATCH_INTERVAL_SECONDS": "1"}
    with Stack(workers=0, web=False, queue="absent", environment=environment) as stack:
        beat = stack.start_beat()

        def is_healthy() -> bool:
            command = [sys.executable, "-I", "payouts_site/alive.py", "beat"]
            done = subprocess.run(command, env=stack.environment(), cwd=ROOT, check=False)
            return done.returncode == 0

        wait_until(alive.exists, why=stack.log("beat"))
        assert is_healthy()
        alive.unlink()
        assert not is_healthy()
        wait_until(alive.exists, seconds=BEAT_SECONDS, why="it ticked only once")
        assert is_healthy()
        beat.stop()
        long_ago = time.time() - BEAT_SECONDS - 1
        os.utime(alive, (long_ago, long_ago))
        assert not is_healthy()
