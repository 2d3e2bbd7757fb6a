"""Locks say who is there, and throwaway folders of the dead are cleared without touching the living."""

from pathlib import Path

import pytest

from payouts_site.dev.places import Busy, exclusive, holder_of, throwaway_home, write_note


def test_a_held_lock_refuses_with_its_holders_note(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path, "still starting") as lock:
        assert holder_of(path) == "still starting"
        write_note(lock, "http://127.0.0.1:8000/")
        with pytest.raises(Busy, match=r"http://127\.0\.0\.1:8000/"), exclusive(path):
            pytest.fail("two holders")
    assert holder_of(path) is None
    with exclusive(path):
        pass


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "lock") is None
    assert not (tmp_path / "lock").exists()


def test_a_throwaway_home_is_private_and_leaves_nothing() -> None:
    with throwaway_home() as one:
        folder = one.folder("data")
        (folder / "file").write_text("x")
        assert folder.stat().st_mode & 0o077 == 0
    assert not one.path.exists()


def test_an_abandoned_home_is_cleared_and_a_used_one_is_not() -> None:
    with throwaway_home() as used:
        abandoned = used.path.with_name("1-abandoned")
        abandoned.mkdir(exist_ok=True)
        (abandoned / "lock").touch()
        with throwaway_home() as another:
            assert not abandoned.exists()
            assert used.path.exists()
            assert another.path != used.path
