"""`python -m payouts_site.dev.child MODULE|FILE.py ARG…`: runs a Python program under supervision.

Invariant: however the supervisor ends, this program and all it forked are gone soon after. It gets
SIGTERM from the kernel and a few seconds to finish; after those its whole process group is killed.
"""

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from celery.signals import beat_init, worker_ready

from payouts_site.dev.lifetime import make_forked_children_die_with_us

_POLL_SECONDS = 1.0
_GRACE_SECONDS = 6.0


def _kill_group_when_orphaned(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(_POLL_SECONDS)
    time.sleep(_GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _touch_when_celery_is_ready(path: Path) -> None:
    def ready(**_: Any) -> None:
        path.touch()

    worker_ready.connect(ready, weak=False)
    beat_init.connect(ready, weak=False)


def main() -> None:
    """Run the named module or file as `__main__` inside this very process."""
    target, arguments = sys.argv[1], sys.argv[2:]
    make_forked_children_die_with_us()
    # Only the leader of its own group may kill that group: a shell's job must not go with it.
    if os.getpgrp() == os.getpid():
        threading.Thread(
            target=_kill_group_when_orphaned, args=(os.getppid(),), daemon=True, name="orphan-watch"
        ).start()
    ready_file = os.environ.pop("PAIDONCE_READY_FILE", None)
    if ready_file:
        _touch_when_celery_is_ready(Path(ready_file))
    sys.argv = [target, *arguments]
    if target.endswith(".py"):
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
