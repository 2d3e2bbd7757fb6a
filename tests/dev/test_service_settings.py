"""`.run/services.env`: what is written is read back, and nobody else can read it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from payouts_site.dev import service_settings


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "services.env"
    settings = {
        "DATABASE_URL": "postgres://a:b@127.0.0.1:1/c?x=1",
        "SECRET_KEY": "a=b=c",
        "EMPTY": "",
    }
    service_settings.write(path, settings)
    assert service_settings.read(path) == settings


def test_only_the_owner_may_read_it(tmp_path: Path, careless_umask: None) -> None:
    path = tmp_path / "services.env"
    path.touch(mode=0o666)
    service_settings.write(path, {"SECRET_KEY": "x"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["services.env"]


def test_comments_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "services.env"
    path.write_text("# a comment\n\n  A = 1 \nB=2\n")
    assert service_settings.read(path) == {"A": "1", "B": "2"}


def test_no_file_means_no_settings(tmp_path: Path) -> None:
    assert service_settings.read(tmp_path / "absent") == {}


@pytest.mark.parametrize("settings", [{"A": "1\nB=2"}, {"A\nB": "1"}])
def test_a_value_cannot_smuggle_in_another_setting(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    path = tmp_path / "services.env"
    with pytest.raises(ValueError, match="line break"):
        service_settings.write(path, settings)
    assert not path.exists()


def test_secrets_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = service_settings.persistent_secrets(path)
    assert first["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert len(first["SECRET_KEY"]) >= 50
    assert service_settings.persistent_secrets(path) == first
    assert service_settings.persistent_secrets(tmp_path / "other.env") != first
