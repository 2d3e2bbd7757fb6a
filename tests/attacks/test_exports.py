"""Attack: a formula in what I am called, so that whoever opens the export runs it."""

import csv
import io
from typing import Any

import pytest

from tests.attacks.town import Town
from tests.console.test_export import FILES

FORMULAS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\uff1d1+1", "a;=1+1", "a;\u0020@SUM(1)", "\"=1+1",
    "\u00a0=1",
)  # fmt: skip
STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class Formulas:
    """Another one for each text."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: str, most: int) -> str:
        self.count += 1
        return f"{FORMULAS[self.count % len(FORMULAS)]}{what}{self.count}"[:most]


@pytest.fixture
def files(transactional_db: None) -> dict[str, bytes]:
    """Each export of a town whose every text begins a formula."""
    town = Town(say=Formulas()).build()
    client = town.browser("super_admin")
    found = {}
    for name, address in FILES.items():
        answer: Any = client.post(address)
        assert answer.headers["Content-Disposition"].startswith("attachment"), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
        found[name] = b"".join(answer.streaming_content)
        answer.close()
    return found


def test_no_cell_of_any_export_begins_a_formula(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        rows = list(csv.reader(io.StringIO(content.decode().removeprefix("\ufeff"))))
        assert len(rows) > 1, name
        texts = [cell for row in rows[1:] for cell in row]
        # What is a number or a hash of ours begins as one.
        assert not [cell for cell in texts if cell.lstrip().startswith(STARTS)], name
    # They are there, as text.
    assert all(b"+1" in content or b"SUM" in content for content in files.values())


def test_nor_does_one_where_a_semicolon_parts_cells(files: dict[str, bytes]) -> None:
    """Excel in most of Europe reads the same file so, quotes or not."""
    for name, content in files.items():
        for line in content.decode().splitlines():
            for cell in line.split(";")[1:]:
                assert not cell.strip().startswith(STARTS), (name, line)
