"""`./dev bench` at its smallest: the benchmarks must not rot between the rare times that somebody measures."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from bench.__main__ import NAMES
from tests.sandbox_process import ROOT

# Those without servers of their own; the others take minutes.
QUICKEST = ("door", "crew", "waking")


@pytest.mark.django_db(transaction=True)
def test_the_quickest_rows_are_measured() -> None:
    """In a copy of this process' test database, which the benchmarks' own settings find fully migrated.

    Migrating another one from nothing took most of the time, and is what made the test database.
    """
    assert set(QUICKEST) <= set(NAMES)
    done = subprocess.run(
        [sys.executable, "-m", "bench", *QUICKEST, "--smoke"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=os.environ | {"BENCH_TEMPLATE": _unused_test_database()},
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout.splitlines()
    assert table[0].startswith("| what ")
    for text in ("guarded transition", "createBulkTransfers", "waking workers"):
        row = next(line for line in table if text in line)
        assert row.rstrip("| ").endswith(("yes", "NO")), row


def _unused_test_database() -> str:
    """Its name, once nobody is connected: neither we nor what another test left behind."""
    name = str(connection.settings_dict["NAME"])
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL only
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        others = sql.SQL(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
        )
        server.execute(others.format(sql.Literal(name)))
    return name
