"""`./dev lint`: every check runs, and all that failed are named at the end."""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from payouts_site.dev.places import ROOT
from payouts_site.dev.terminal import say

_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    """One tool's run; it passes when the exit code is 0."""

    name: str
    command: tuple[str, ...]


def checks() -> list[Check]:
    """All checks, cheap ones first."""
    python, manage = str(_BIN / "python"), ("manage.py",)
    ruff, djlint = str(_BIN / "ruff"), str(_BIN / "djlint")
    schema = ("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
    return [
        Check("format", (ruff, "format", "--check", ".", "dev")),
        Check("ruff", (ruff, "check", ".", "dev")),
        Check("template format", (djlint, "templates", "--check")),
        Check("template lint", (djlint, "templates", "--lint")),
        Check("import contracts", (str(_BIN / "lint-imports"),)),
        Check("Django checks", (python, *manage, "check")),
        Check("migrations", (python, *manage, "makemigrations", "--check", "--dry-run")),
        Check("OpenAPI", (python, *manage, *schema)),
        Check("roles page", (python, *manage, "generate_roles", "--check")),
        Check("API client", (python, *manage, "generate_client", "--check")),
        Check("types", (str(_BIN / "mypy"), ".")),
    ]


def run_checks(environment: Mapping[str, str]) -> int:
    """Run all checks with `environment`; print the output of those that failed; 0 when none did."""
    failed = []
    for check in checks():
        began = time.monotonic()
        done = subprocess.run(
            check.command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        verdict = "failed" if done.returncode else "ok"
        say(f"  {check.name:<20} {verdict:<7} {time.monotonic() - began:6.1f} s")
        if done.returncode:
            failed.append(check.name)
            say(f"    $ {' '.join(Path(part).name for part in check.command)}")
            for line in done.stdout.splitlines():
                say(f"    {line}")
    say(f"lint failed: {', '.join(failed)}" if failed else "lint passed")
    return 1 if failed else 0
