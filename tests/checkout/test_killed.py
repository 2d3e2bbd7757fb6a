"""A process that is killed at any step of processing leaves all of it or nothing, and the next one brings the rest."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict

import pytest

from checkout.models import Payment, Receipt
from checkout.services.process_operation import process_operation
from tests.checkout.ledger import WATCHER, make_session, operation
from tests.stack import database_url
from tests.webhooks.endpoints import make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 24


def test_killed_before_every_statement_and_before_the_commit() -> None:
    endpoint = make_endpoint()
    sessions = [make_session() for _ in range(STEPS)]
    operations = [operation(session) for session in sessions]
    facts = [asdict(one) | {"closed_at": one.closed_at.isoformat()} for one in operations]
    environment = os.environ | {"DATABASE_URL": database_url()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.checkout.killed"],
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    ends = json.loads(done.stdout)
    killed = [end == signal.SIGKILL for end in ends]
    assert killed[0] and sum(killed) >= 8 and not killed[-1], ends
    for session, was_killed in zip(sessions, killed, strict=True):
        session.refresh_from_db()
        # Nothing is half done: no receipt without its payment, no status without both.
        kept = 0 if was_killed else 1
        assert session.status == ("paid" if kept else "pending")
        assert Receipt.objects.filter(session=session).count() == kept
        assert Payment.objects.filter(session=session).count() == kept
    for one in operations:
        process_operation(operation=one, actor=WATCHER)
    assert Payment.objects.count() == STEPS == endpoint.deliveries.count()
    for session in sessions:
        session.refresh_from_db()
        assert (session.status, session.version) == ("paid", 3)
