"""Run as a program: does jobs in children that kill themselves before their n-th statement.

Standard input: a JSON list of [job, facts]. Standard output: how each child ended, in order.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

import django
from psycopg import Connection, Cursor


def main() -> None:
    """The n-th child dies before its n-th statement; the last ones live to the end."""
    django.setup()
    # Once, and not in every child: loading the SDK takes a second.
    from rails import horizon  # noqa: F401, PLC0415 - after setup

    ends = []
    for number, (job, facts) in enumerate(json.load(sys.stdin), start=1):
        pid = os.fork()
        if pid == 0:
            die_before(number)
            JOBS[job](facts)
            os._exit(0)
        ends.append(os.waitpid(pid, 0)[1])
    json.dump(ends, sys.stdout)


def process(facts: dict[str, Any]) -> None:
    """As the watcher does."""
    from checkout.services.process_operation import process_operation  # noqa: PLC0415 - after setup
    from checkout.services.watch_account import WATCHER  # noqa: PLC0415 - after setup
    from rails.horizon_payments import IncomingOperation  # noqa: PLC0415 - after setup

    closed_at = datetime.fromisoformat(facts.pop("closed_at"))
    operation = IncomingOperation(**facts, closed_at=closed_at)
    process_operation(operation=operation, actor=WATCHER)


def notify(facts: dict[str, Any]) -> None:
    """As the API does."""
    from checkout.services.notify_payment import notify_payment  # noqa: PLC0415 - after setup
    from checkout.services.watch_account import WATCHER  # noqa: PLC0415 - after setup

    notify_payment(**facts, actor=WATCHER)


def reconcile(facts: dict[str, Any]) -> None:
    """As the scheduler has it done."""
    from checkout.services.reconcile_sessions import reconcile_sessions  # noqa: PLC0415 - after setup

    reconcile_sessions(**facts)


JOBS = {"process": process, "notify": notify, "reconcile": reconcile}


def die_before(number: int) -> None:
    """SIGKILL in place of a statement, or of the commit, which is counted as one."""

    seen = 0

    def counted(method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **kwargs)

        return call

    Cursor.execute = counted(Cursor.execute)  # type: ignore[method-assign]
    Connection.commit = counted(Connection.commit)  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
