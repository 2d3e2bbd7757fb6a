# ruff: noqa: INP001 - a script, not a package
"""Takes the README's pictures into docs/screenshots/: `python docs/screenshots.py`.

It runs the browser tests, which walk through every state on the real stack, and has them keep what they see. So a
picture shows what a passing test saw. Everything that `./dev test` needs is all that is needed.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screenshots"
LARGEST_BYTES = 250_000


def main() -> int:
    """Take them all; 1 when a test failed or a picture is too large for a repository."""
    PICTURES.mkdir(exist_ok=True)
    run = subprocess.run(
        [str(ROOT / "dev"), "test", "tests/browser", "-n", "0", *sys.argv[1:]],
        env=os.environ | {"PAIDONCE_SCREENSHOTS": str(PICTURES)},
        cwd=ROOT,
        check=False,
    )
    large = [one.name for one in PICTURES.glob("*.png") if one.stat().st_size > LARGEST_BYTES]
    if large:
        sys.stderr.write(f"too large: {', '.join(large)}\n")
    return 1 if run.returncode or large else 0


if __name__ == "__main__":
    sys.exit(main())
