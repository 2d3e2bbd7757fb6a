"""Idempotency-Key when a real web process is killed (SIGKILL) at each step: retried, the work is done exactly once."""

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django.db.models import F

from guard.models import IdempotencyRecord
from tests.cast import Caller, integrator
from tests.stack import Stack, database_url, wait_until
from transfers.models import Booking, CrewMember

pytestmark = pytest.mark.django_db(transaction=True)
LEASE = {"LEASE_SECONDS": "2", "RAIL_TIMEOUT_SECONDS": "0.9", "WEB_PROCESSES": "1"}
Answer = tuple[int, dict[str, str], bytes]


def _body(reference: str) -> dict[str, Any]:
    person = {"user_id": "u1", "name": "Luis", "role": "mover", "amount": "450.00"}
    crew = [person | {"currency": "USD", "stripe_account": "acct_luis"}]
    return {"reference": reference, "customer_name": "Harper", "crew": crew}


def _post(caller: Caller, reference: str) -> Answer:
    """createBooking under the reference as its key. Raises OSError or HTTPException when the process dies."""
    to = http.client.HTTPConnection(urlsplit(caller.web_url).netloc, timeout=20)
    headers = {
        "Authorization": f"Bearer {caller.secret}",
        "Content-Type": "application/json",
        "Idempotency-Key": reference,
    }
    try:
        to.request("POST", "/api/v1/bookings", json.dumps(_body(reference)), headers)
        answer = to.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        to.close()


def _retried(caller: Caller, reference: str) -> Answer:
    """As clients do: while nobody answers or the first one is said to be running, once more."""
    answers: list[Answer] = []

    def is_answered() -> bool:
        with suppress(OSError, http.client.HTTPException):
            answer = _post(caller, reference)
            if answer[0] not in (409, 503):
                answers.append(answer)
        return bool(answers)

    wait_until(is_answered, seconds=30, why="the retry never got an answer")
    return answers[0]


@contextmanager
def _locked(*statements: str) -> Iterator[None]:
    """Whoever wants what these lock waits, at exactly that step."""
    with psycopg.connect(database_url()) as holder:
        for statement in statements:
            holder.execute(statement)
        yield
        holder.rollback()


def _somebody_waits(times: int = 1) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0] >= times)


def _kill(stack: Stack) -> None:
    """SIGKILL to the process that answers; its master starts another one."""
    assert stack.web is not None and stack.web.popen is not None
    master = stack.web.popen.pid
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)


CLAIM = "LOCK TABLE guard_idempotencyrecord IN SHARE MODE"
WORK = "LOCK TABLE transfers_booking IN SHARE MODE"
ANSWER = "SELECT 1 FROM guard_idempotencyrecord WHERE key = 'BK-answer' FOR UPDATE"


def _lose(stack: Stack, caller: Caller, moment: str) -> None:
    """Send createBooking and kill the process at that moment."""
    reference = f"BK-{moment}"

    def send() -> None:
        with suppress(OSError, http.client.HTTPException):
            _post(caller, reference)

    sender = threading.Thread(target=send)
    with ExitStack() as held:
        if moment == "claim":
            held.enter_context(_locked(CLAIM))
        work = held.enter_context(ExitStack())
        if moment in ("work", "answer"):
            work.enter_context(_locked(WORK))
        sender.start()
        if moment != "commit":
            wait_until(_somebody_waits, why="nobody came as far as this step")
        if moment == "answer":
            held.enter_context(_locked(ANSWER))
            work.close()
            wait_until(lambda: _somebody_waits() and _is_at_the_answer())
        if moment == "commit":
            done = IdempotencyRecord.objects.filter(key=reference, status="completed")
            wait_until(done.exists)
        _kill(stack)
    sender.join(timeout=30)


def _is_at_the_answer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%%SET status = ''completed''%%' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def test_killed_at_each_step_and_retried() -> None:
    """Before the claim is committed, in the work, before the answer is stored, before the answer is sent."""
    with Stack(workers=0, environment=LEASE) as stack:
        caller = integrator(stack.web_url)
        for moment in ("claim", "work", "answer", "commit"):
            reference = f"BK-{moment}"
            _lose(stack, caller, moment)
            status, headers, content = _retried(caller, reference)
            assert status == 201, (moment, content)
            if moment == "commit":
                assert headers["Idempotency-Replayed"] == "true"
            again = _post(caller, reference)
            assert (again[0], again[2]) == (201, content), moment
            assert again[1]["Idempotency-Replayed"] == "true", moment
            assert Booking.objects.filter(reference=reference).count() == 1
            assert CrewMember.objects.filter(booking__reference=reference).count() == 1
        _thirty_days_pass("BK-commit")
        fresh = _post(caller, "BK-commit")
        assert fresh[0] == 409 and json.loads(fresh[2])["code"] == "booking_exists"
        assert "Idempotency-Replayed" not in fresh[1]


def _thirty_days_pass(key: str) -> None:
    days = timedelta(days=30, seconds=1)
    IdempotencyRecord.objects.filter(key=key).update(expires_at=F("expires_at") - days)
