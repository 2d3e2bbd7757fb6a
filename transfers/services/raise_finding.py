"""Say that our books and a rail disagree."""

import json
from typing import Any

from django.db import connection

from audit.actor import Actor
from audit.record import Note, record


def raise_finding(
    *, subject: str, kind: str, detail: str, actor: Actor, evidence: dict[str, Any]
) -> None:
    """Open a finding, once per subject and kind until it is resolved. Joins the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO transfers_finding (subject, kind, detail, evidence, state)
            VALUES (%s, %s, %s, %s::jsonb, 'open')
            ON CONFLICT (subject, kind) WHERE state = 'open' DO NOTHING
            """,
            [subject, kind, detail, json.dumps(evidence)],
        )
        is_new = cursor.rowcount == 1
    if is_new:
        record(Note(subject, f"finding.{kind}", actor, reason=detail, snapshot=evidence))
