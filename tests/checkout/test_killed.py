"""A process that is killed at any step leaves all of it or nothing, and the next one brings the rest."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from checkout.models import CheckoutSession, Payment, Receipt
from checkout.services.process_operation import process_operation
from checkout.services.reconcile_sessions import reconcile_sessions
from money import Money
from tests.checkout.ledger import WATCHER, make_session, operation, tx_hash
from tests.checkout.planted import age, set_status
from tests.sandbox_horizon import SandboxHorizon
from tests.stack import database_url
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 24
FIVE = Money(50_000_000, "XLM")
STALE = 400


def killed(
    jobs: Sequence[tuple[str, Mapping[str, Any]]], environment: Mapping[str, str] | None = None
) -> list[bool]:
    """Do each job in a process that dies before its n-th statement; whether each did."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.checkout.killed"],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"DATABASE_URL": database_url()} | dict(environment or {}),
    )
    ends = json.loads(done.stdout)
    assert set(ends) <= {0, signal.SIGKILL}, (ends, done.stderr)
    return [end == signal.SIGKILL for end in ends]


def whole(session: CheckoutSession) -> str:
    """Its status; it is paid exactly if it has its receipt and its payment."""
    session.refresh_from_db()
    kept = 1 if session.status == "paid" else 0
    assert Receipt.objects.filter(session=session).count() == kept
    assert Payment.objects.filter(session=session).count() == kept
    return str(session.status)


def test_killed_before_every_statement_and_before_the_commit() -> None:
    endpoint = make_endpoint()
    sessions = [make_session() for _ in range(STEPS)]
    operations = [operation(session) for session in sessions]
    facts = [asdict(one) | {"closed_at": one.closed_at.isoformat()} for one in operations]
    died = killed([("process", one) for one in facts])
    assert died[0] and sum(died) >= 7 and not died[-1], died
    for session, was_killed in zip(sessions, died, strict=True):
        assert whole(session) == ("pending" if was_killed else "paid")
    for one in operations:
        process_operation(operation=one, actor=WATCHER)
    assert Payment.objects.count() == STEPS == endpoint.deliveries.count()
    for session in sessions:
        session.refresh_from_db()
        assert (session.status, session.version) == ("paid", 3)


@pytest.fixture
def ledger(_receiving: None, horizon: SandboxHorizon) -> SandboxHorizon:
    """The sandbox's network; its receiving account is set after the tests' own."""
    return horizon


def test_notify_is_killed_anywhere_and_the_reconciler_finishes(ledger: SandboxHorizon) -> None:
    endpoint = make_endpoint()
    sessions = [make_session(FIVE) for _ in range(STEPS)]
    hashes = [ledger.pay(session.memo, "5") for session in sessions]
    named = zip(sessions, hashes, strict=True)
    jobs = [("notify", {"session_id": one.pk, "tx_hash": paid}) for one, paid in named]
    died = killed(jobs, ledger.environment_of_the_product())
    assert died[0] and sum(died) >= 10 and not died[-1], died
    states = [whole(session) for session in sessions]
    # Killed while it asked Horizon or while it processed the answer: claimed, and nothing else.
    assert set(states) == {"pending", "processing", "paid"}, states
    left = [session for session in sessions if session.status == "processing"]
    for session in left:
        age(session, STALE)
    assert reconcile_sessions().repaired == len(left)
    assert [whole(session) for session in left] == ["paid"] * len(left)
    assert reconcile_sessions().looked_at == 0
    assert (
        endpoint.deliveries.count() == Payment.objects.count() == states.count("paid") + len(left)
    )


def test_the_reconciler_is_killed_anywhere_and_the_next_run_finishes(
    ledger: SandboxHorizon,
) -> None:
    endpoint = make_endpoint()
    finished, inserted, returned = (make_session(FIVE) for _ in range(3))
    for session in (finished, inserted):
        ledger.pay(session.memo, "5")
    set_status(finished, "processing")
    set_status(inserted, "processing", "paid")
    set_status(returned, "processing")
    CheckoutSession.objects.filter(pk=returned.pk).update(claimed_tx_hash=tx_hash("nowhere"))
    told = endpoint.deliveries.count()
    for session in (finished, inserted, returned):
        age(session, STALE)
    died = killed([("reconcile", {})] * 40, ledger.environment_of_the_product())
    # Each got further than the one before: what was committed is not done again.
    assert sum(died) >= 10, died
    reconcile_sessions()
    assert [whole(one) for one in (finished, inserted, returned)] == ["paid", "paid", "pending"]
    again = reconcile_sessions()
    assert (again.looked_at, again.repaired) == (0, 0)
    assert Payment.objects.count() == 2 and endpoint.deliveries.count() == told + 1
    assert not Finding.objects.exists()
