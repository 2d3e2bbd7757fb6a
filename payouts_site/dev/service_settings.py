"""`.run/services.env`: how `manage.py` in another terminal finds the running services.

KEY=VALUE lines, readable by its owner only (it holds passwords), present only while they run.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The settings in `path`; empty when there is no such file. Blank and # lines are skipped."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def write(path: Path, settings: Mapping[str, str]) -> None:
    """Replace `path` in one step; at no time can anybody else read it. ValueError for a line break."""
    for key, value in settings.items():
        if "\n" in value or "\n" in key:
            raise ValueError(f"{key} must not contain a line break")
    text = "".join(f"{key}={value}\n" for key, value in settings.items())
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    fresh.replace(path)


def persistent_secrets(path: Path) -> dict[str, str]:
    """Random secrets of this checkout, made once: sessions and webhooks survive a restart."""
    kept = read(path)
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
    }
    if not fresh.keys() <= kept.keys():
        kept = fresh | kept
        write(path, kept)
    return kept
