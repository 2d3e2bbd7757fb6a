"""Removing a safeguard in a copy of the repository, and running the test that must notice."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from tests.guards.guard import Edit, Guard

ROOT = Path(__file__).resolve().parent.parent.parent


class TextIsGone(Exception):
    """A safeguard's text is not where this file says: update it, so that it proves something again."""


def apply(edits: tuple[Edit, ...], folder: Path) -> None:
    """Edit the files below `folder`. Raises TextIsGone."""
    for edit in edits:
        path = folder / edit.file
        text = path.read_text()
        found = text.count(edit.old)
        if found != edit.times:
            raise TextIsGone(f"{edit.file}: {found} instead of {edit.times} times {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new))


def copy_of_the_repository(folder: Path) -> None:
    """All that the tests need: code and tests, nothing that a run left behind."""
    leave = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.lock", "docs")
    shutil.copytree(ROOT, folder, ignore=leave, dirs_exist_ok=True)


def run_test(test: str, folder: Path, *, database: str, reuse: bool) -> tuple[int, str]:
    """Pytest's exit code (0 passed, 1 failed, else it did not run) and what it said."""
    # A run of pytest around this one must not reach into it.
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = mine | {
        "DATABASE_URL": _database_url(database),
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command += ["--reuse-db" if reuse else "--create-db", *test.split()]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    return done.returncode, (done.stderr[-1_000:] + done.stdout[-2_000:]).rstrip()


def _database_url(name: str) -> str:
    url, _, options = os.environ["DATABASE_URL"].partition("?")
    server, _, mine = url.rpartition("/")
    return f"{server}/{mine}_{name}" + (f"?{options}" if options else "")


def prove(guard: Guard) -> tuple[bool, str]:
    """Whether the named test notices that `guard` is gone, and how the run went."""
    with tempfile.TemporaryDirectory(prefix="guards-") as name:
        folder = Path(name)
        copy_of_the_repository(folder)
        apply(guard.edits, folder)
        own = guard.changes_schema
        database = f"guard_{os.getpid()}" if own else f"guards_{os.getpid()}"
        code, said = run_test(guard.test, folder, database=database, reuse=not own)
    # An error outside of the test itself proves nothing.
    if code == 1 and " failed" in said.splitlines()[-1]:
        return True, "noticed"
    return False, "NOT NOTICED" if code == 0 else f"did not run (pytest: {code})\n{said}"


def drop_databases() -> None:
    """The test databases that were kept between the runs."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        mine = f"test_%_guards\\_{os.getpid()}"
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        for (name,) in connection.execute(query, [mine]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
