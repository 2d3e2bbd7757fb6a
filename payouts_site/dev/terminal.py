"""What people see while things start: one line a step, with its seconds."""

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str = "") -> None:
    """Print a line at once, also into a pipe; a terminal that is gone must not stop the stopping."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show that `name` has begun and, when it is done, how long it took."""
    began = time.monotonic()
    if sys.stdout.isatty():
        print(f"  {name} ...", end="\r", flush=True)
    yield
    say(f"  {name:<44} {time.monotonic() - began:6.1f} s")
