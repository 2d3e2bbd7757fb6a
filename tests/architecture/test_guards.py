"""`./dev test-guards` in small: its list is up to date, and two removals are tried for real in every run."""

import ast
from pathlib import Path

import pytest

from tests.guards import GUARDS
from tests.guards.guard import Guard
from tests.guards.removal import ROOT, TextIsGone, apply, drop_databases, prove

BY_NAME = {guard.name: guard for guard in GUARDS}
TRIED_ALWAYS = ("fence check when an answer is recorded", "webhook signature")


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_its_text_is_there_and_so_is_its_test(guard: Guard, tmp_path: Path) -> None:
    for edit in guard.edits:
        copy = tmp_path / edit.file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((ROOT / edit.file).read_text())
    apply(guard.edits, tmp_path)
    for edit in guard.edits:
        changed = (tmp_path / edit.file).read_text()
        assert changed != (ROOT / edit.file).read_text()
        ast.parse(changed)
    path, *names = guard.test.split("::")
    body = ast.parse((ROOT / path).read_text()).body
    for name in names:
        (found,) = [node for node in body if getattr(node, "name", "") == name]
        body = getattr(found, "body", [])


def test_no_later_migration_puts_back_what_is_removed() -> None:
    """With one that says the same again the removal changes nothing, and no test could notice it."""
    again = [
        (guard.name, later.name)
        for guard in GUARDS
        for edit in guard.edits
        if "/migrations/" in edit.file and edit.times == 1  # more are one text for several tables
        for later in (ROOT / edit.file).parent.glob("*.py")
        if later.name > Path(edit.file).name and edit.old in later.read_text()
    ]
    assert not again


def test_a_text_that_is_gone_is_an_error(tmp_path: Path) -> None:
    guard = GUARDS[0]
    for edit in guard.edits:
        copy = tmp_path / edit.file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("nothing of it\n")
    with pytest.raises(TextIsGone):
        apply(guard.edits, tmp_path)


@pytest.mark.parametrize("name", TRIED_ALWAYS)
def test_its_removal_is_noticed(name: str) -> None:
    try:
        noticed, how = prove(BY_NAME[name])
    finally:
        drop_databases()
    assert noticed, how
