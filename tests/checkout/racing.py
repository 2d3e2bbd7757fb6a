"""Many at the same moment: real threads, real connections, real commits."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from guard.errors import Refused


def race(steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """All steps start at once, each on a connection of its own; what each returned or was refused with."""
    barrier = threading.Barrier(len(steps), timeout=60)

    def run(step: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return step()
        except Refused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result() for future in [pool.submit(run, step) for step in steps]]
