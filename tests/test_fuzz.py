"""A small `./dev fuzz`: made-up calls to every endpoint with a super admin's token, and with none."""

from pathlib import Path

import pytest

from tests.fuzz import NOBODY, attack, cases_in, every_rail, something_to_find, token_of

SMALL = {
    "super_admin": ("--phases", "examples,fuzzing,stateful", "--max-examples", "3"),
    NOBODY: ("--phases", "examples,fuzzing", "--max-examples", "1"),
}


@pytest.mark.usefixtures("transactional_db")
def test_no_case_breaks_what_the_openapi_file_says(tmp_path: Path) -> None:
    with every_rail() as stack:
        something_to_find(stack, tmp_path)
        for role, options in SMALL.items():
            token = None if role == NOBODY else token_of(role)
            done = attack(stack.web_url, token, *options)
            assert done.returncode == 0, done.stdout[:8_000] + done.stderr[-2_000:]
            assert cases_in(done.stdout) >= 30
