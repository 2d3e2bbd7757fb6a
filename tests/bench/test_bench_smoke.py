"""`./dev bench` at its smallest: the benchmarks must not rot between the rare times that somebody measures."""

import subprocess
import sys

from bench.__main__ import NAMES
from tests.sandbox_process import ROOT

# Those without servers of their own; the others take minutes.
QUICKEST = ("door", "crew", "waking")


def test_the_quickest_rows_are_measured() -> None:
    assert set(QUICKEST) <= set(NAMES)
    done = subprocess.run(
        [sys.executable, "-m", "bench", *QUICKEST, "--smoke"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()
    assert table[0].startswith("| what ")
    for text in ("guarded transition", "createBulkTransfers", "waking workers"):
        row = next(line for line in table if text in line)
        assert row.rstrip("| ").endswith(("yes", "NO")), row
