"""The transition that rows 1 and 2 measure: a worker's claim, that is UPDATE + audit entry + the attempt it causes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from audit.actor import Actor
from guard.door import Result, change_status
from guard.statement import MOVED_PK, Increment, Insert, SecondsFromNow
from transfers.models import Transfer, TransferAttempt, TransferStatus

_DEBT = str(uuid.uuid4())
_REQUEST = {
    "amount": 45000,
    "currency": "usd",
    "destination": "acct_1NqEaX2eZvKYlo2C",
    "transfer_group": f"transfer:{_DEBT}",
    "metadata": {"transfer": _DEBT, "attempt": "1", "source": "booking:BK-1", "person": "user_1"},
}
ACTOR = Actor(kind="worker", name="bench")


def claim(pk: int, actor: Actor = ACTOR, returning: Sequence[str] = ("fence",)) -> Result:
    """Pending -> processing with its first attempt, with the same statement as `transfers.claim`."""
    attempt: dict[str, Any] = {
        "transfer": MOVED_PK,
        "number": 1,
        "idempotency_key": f"bench-{pk}-a1",
        "request": _REQUEST,
    }
    return change_status(
        Transfer,
        pk,
        believed=TransferStatus.PENDING,
        to=TransferStatus.PROCESSING,
        version=1,
        actor=actor,
        changes={
            "fence": Increment(),
            "due_at": SecondsFromNow(86_400),
            "attempt_count": 1,
            "failure_code": "",
            "failure_message": "",
        },
        causes=[Insert(TransferAttempt, attempt)],
        snapshot={"attempt": 1, "idempotency_key": f"bench-{pk}-a1"},
        returning=returning,
        audit_loss=False,
    )
