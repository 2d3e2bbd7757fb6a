# ruff: noqa: INP001 - a script, not a package
"""Takes the README's pictures into docs/screenshots/: `python docs/screenshots.py`.

It runs the tests that walk through every screen in a browser, and keeps what the README shows of what they saw. So a
picture shows what a passing test saw. Everything that `./dev test` needs is all that is needed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screenshots"
LARGEST_BYTES = 250_000
TESTS = ("tests/browser", "tests/payouts_console/test_two_browsers.py", "tests/checkout/test_console.py")  # fmt: skip
# Each story: crew payouts, payout review, checkout, operations.
KEPT = (
    "bookings",
    "crew-unpaid",
    "crew-processing",
    "crew-paid",
    "crew-failed",
    "crew-unknown",
    "timeline",
    "payout-queue",
    "payout-sheet",
    "payout-race",
    "payout-bulk",
    "payout-detail",
    "checkout-session",
    "checkout-pay",
    "dashboard",
)


def main() -> int:
    """Take them all; 1 when a test failed, or a picture is missing or too large for a repository."""
    with tempfile.TemporaryDirectory() as taken:
        run = subprocess.run(
            [str(ROOT / "dev"), "test", *TESTS, "-n", "0", *sys.argv[1:]],
            env=os.environ | {"PAIDONCE_SCREENSHOTS": taken},
            cwd=ROOT,
            check=False,
        )
        found = [name for name in KEPT if (Path(taken) / f"{name}.png").exists()]
        PICTURES.mkdir(exist_ok=True)
        for name in found:
            shutil.copy(Path(taken) / f"{name}.png", PICTURES)
    missing = sorted({*KEPT} - {*found})
    large = [one.name for one in PICTURES.glob("*.png") if one.stat().st_size > LARGEST_BYTES]
    for words, names in (("missing", missing), ("too large", large)):
        if names:
            sys.stderr.write(f"{words}: {', '.join(names)}\n")
    return 1 if run.returncode or missing or large else 0


if __name__ == "__main__":
    sys.exit(main())
