"""What somebody who owns the tables could do: switch the triggers off, change the log, switch them on again."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from audit.actor import Actor
from audit.record import Note, record

MALLORY = Actor("user", "mallory")


def write(subject: str, *actions: str) -> None:
    """Append entries in the ordinary way."""
    record(
        *(Note(subject, action, MALLORY, reason="because", snapshot={"n": 1}) for action in actions)
    )


def sql(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def triggers_off() -> Iterator[None]:
    """As the owner of the tables can."""
    for table in ("audit_entry", "audit_seal"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        for table in ("audit_entry", "audit_seal"):
            sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def verify() -> tuple[bool, str]:
    """Whether `manage.py verify_audit` is content, and all that it says."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return False, err.getvalue() + str(error)
    return True, out.getvalue()
