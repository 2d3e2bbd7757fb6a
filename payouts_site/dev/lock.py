"""`./dev lock`: pyproject.toml's ranges become exact versions with hashes, and not one address.

The development lock is resolved first and constrains the others, so that production, `./dev up`
and the tests can never run different versions of one package.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from payouts_site.dev.places import ROOT
from payouts_site.dev.terminal import say, step

_DEVELOPMENT = "requirements-dev.lock"
# file -> what `uv pip compile` resolves into it
LOCKS: dict[str, tuple[str, ...]] = {
    _DEVELOPMENT: (
        "pyproject.toml",
        "--group=embedded",
        "--group=test",
        "--group=lint",
        "--group=observe",
    ),
    "requirements.lock": ("pyproject.toml",),
    "requirements-run.lock": ("pyproject.toml", "--group=embedded"),
    "requirements-browser.lock": ("--group=browser",),
    "requirements-observe.lock": ("--group=observe",),
    "requirements-uv.lock": ("-",),
}


def _uv() -> str:
    found = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if not Path(found).exists():
        subprocess.run([sys.executable, str(ROOT / "dev"), "install", "uv"], check=True)
    return found


def _compile(uv: str, name: str, source: Sequence[str], *, upgrade: bool) -> None:
    command = [
        *(uv, "pip", "compile", *source, "--output-file", name, "--universal"),
        *("--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"),
        *("--no-emit-index-url", "--no-emit-find-links", "--quiet"),
        *(["--upgrade"] if upgrade else []),
        *([] if name == _DEVELOPMENT else ["--constraint", _DEVELOPMENT]),
    ]
    environment = os.environ | {"UV_SYSTEM_CERTS": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, input="uv\n", text=True, check=True)


def regenerate(*, upgrade: bool) -> int:
    """Write all lock files. Versions stay as they are where they still fit, unless `upgrade`."""
    uv = _uv()
    for name, source in LOCKS.items():
        try:
            with step(name):
                _compile(uv, name, source, upgrade=upgrade)
        except subprocess.CalledProcessError as failure:
            say(f"{name} could not be resolved (code {failure.returncode}); see above.")
            return 1
        if "://" in (ROOT / name).read_text():
            say(f"{name} contains an address; do not commit it.")
            return 1
    return 0
