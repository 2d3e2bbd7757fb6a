"""Health: up, ready, and how it is doing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings
from redis import Redis

from guard.door import change_status
from payouts_site import health, measures
from payouts_site.dev import embedded
from payouts_site.dev.places import ROOT, throwaway_home
from tests.factories import ALICE, make_booking
from tests.stack import BlackHole
from transfers.models import Transfer
from transfers.services.pay_crew import pay_crew
from transfers.services.raise_finding import raise_finding

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real queue."""
    logs: Path = tmp_path_factory.mktemp("queue")
    with throwaway_home() as home:
        server = embedded.valkey(home, logs)
        server.process.start()
        yield server.url
        server.process.stop()


@pytest.fixture(autouse=True)
def _ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_applied", False)


@pytest.fixture
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr(connection, "cursor", refuse)


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


@pytest.mark.usefixtures("_no_database")
def test_the_process_is_up_also_without_a_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.post("/healthz").status_code == 405


def test_it_is_ready_with_everything_in_place(
    client: Client, queue: str, settings: Settings
) -> None:
    settings.REDIS_URL = queue
    status, checks = ready(client)
    assert status == 200
    assert checks == {
        "database": "ok",
        "broker": "ok",
        "migrations": "ok",
        "oldest_due_work": {"age_seconds": 0.0, "late": False},
        "paused_rails": [],
    }


def test_it_says_for_how_long_work_has_been_due_and_stays_ready(
    client: Client, queue: str, settings: Settings
) -> None:
    settings.REDIS_URL = queue
    make_booking(reference="BK-1")
    pay_crew(reference="BK-1", actor=ALICE)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE transfers_transfer SET due_at = now() - interval '1 hour'")
    status, checks = ready(client)
    assert status == 200
    assert checks["oldest_due_work"]["late"] is True
    assert 3600 <= checks["oldest_due_work"]["age_seconds"] < 3700


def test_a_queue_that_is_silent_or_gone_makes_it_not_ready(
    client: Client, settings: Settings
) -> None:
    hole = BlackHole()
    try:
        settings.REDIS_URL = hole.url
        assert ready(client) == (503, ready(client)[1])
        assert ready(client)[1]["broker"].startswith("failed")
    finally:
        hole.close()
    settings.REDIS_URL = f"redis://127.0.0.1:{embedded.free_port()}/0"
    status, checks = ready(client)
    assert (status, checks["broker"]) == (503, "failed: ConnectionError")
    assert checks["database"] == "ok"


@pytest.mark.usefixtures("_no_database")
def test_without_a_database_it_is_not_ready(client: Client, queue: str, settings: Settings) -> None:
    settings.REDIS_URL = queue
    status, checks = ready(client)
    assert (status, checks["database"]) == (503, "failed: OperationalError")
    assert checks["oldest_due_work"]["age_seconds"] is None


def test_a_missing_migration_makes_it_not_ready(
    client: Client, queue: str, settings: Settings
) -> None:
    settings.REDIS_URL = queue
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("transfers")
    MigrationRecorder(connection).record_unapplied(*newest)
    status, checks = ready(client)
    assert (status, checks["migrations"]) == (503, "failed: Pending")


def scraped(client: Client) -> dict[tuple[str, str], float]:
    """Sample name and its only label's value -> value, for our own metrics."""
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
        if family.name.startswith("paidonce")
    }


def test_metrics_tell_what_the_database_holds(client: Client) -> None:
    make_booking("acct_1", "acct_2", "acct_3", reference="BK-1")
    pay_crew(reference="BK-1", actor=ALICE)
    unknown = Transfer.objects.order_by("id")[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfers_transfer SET status = 'processing', attempt_count = 1 WHERE id = %s",
            [unknown.pk],
        )
        cursor.execute(
            "INSERT INTO transfers_transferattempt "
            "(transfer_id, number, idempotency_key, request, outcome, first_sent_at) "
            "VALUES (%s, 1, 'k', '{}', 'unknown', now() - interval '2 minutes')",
            [unknown.pk],
        )
        cursor.execute(
            "UPDATE transfers_transfer SET outcome_unknown = true, due_at = now() + interval '1 h' "
            "WHERE id = %s",
            [unknown.pk],
        )
        cursor.execute(
            "UPDATE transfers_transfer SET due_at = now() - interval '1 min' WHERE id <> %s",
            [unknown.pk],
        )
    raise_finding(subject="transfer:1", kind="x", detail="y", actor=ALICE, evidence={})
    found = scraped(client)
    assert found["paidonce_database_up", ""] == 1
    assert found["paidonce_transfers", "pending"] == 2
    assert found["paidonce_transfers", "processing"] == 1
    assert found["paidonce_transfers", "success"] == 0
    ages = {le: value for (name, le), value in found.items() if name == "paidonce_unknown_outcomes"}
    assert ages == {"60": 0, "600": 1, "3600": 1, "86400": 1, "+Inf": 1}
    assert 60 <= found["paidonce_oldest_due_seconds", "transfer"] < 120
    assert found["paidonce_open_findings", ""] == 1
    assert ("paidonce_wake_failures_total", "") in found


def test_large_tables_are_estimated_not_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_booking(*(f"acct_{n}" for n in range(50)), reference="BK-1")
    pay_crew(reference="BK-1", actor=ALICE)
    monkeypatch.setattr(measures, "COUNT_EXACTLY", 10)
    assert measures.transfers_by_status()["pending"] >= 10
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE transfers_transfer")
    assert measures.transfers_by_status()["pending"] == 50


@pytest.mark.usefixtures("_no_database")
def test_metrics_say_so_when_the_database_is_away(client: Client) -> None:
    found = scraped(client)
    assert found["paidonce_database_up", ""] == 0
    assert ("paidonce_transfers", "pending") not in found
    assert issubclass(OperationalError, DatabaseError)


def test_metrics_are_for_this_machine_or_for_whoever_has_the_token(
    client: Client, settings: Settings
) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 403
    forwarded = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (forwarded.status_code, forwarded.json()["code"]) == (403, "permission_denied")
    settings.METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 403
    right = {"Authorization": "Bearer a-token"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="10.0.0.7").status_code == 200
    wrong = {"Authorization": "Bearer a-tokem"}
    assert client.get("/metrics", headers=wrong).status_code == 403


def test_metrics_tell_what_was_sent_refused_and_waits(
    client: Client, queue: str, settings: Settings
) -> None:
    settings.REDIS_URL = queue
    make_booking("acct_1", reference="BK-1")
    pay_crew(reference="BK-1", actor=ALICE)
    transfer = Transfer.objects.get()
    change_status(Transfer, transfer.pk, believed="failed", to="pending", actor=ALICE)
    change_status(Transfer, transfer.pk, believed="success", to="pending", actor=ALICE)
    change_status(Transfer, transfer.pk, believed="pending", to="processing", actor=ALICE)
    change_status(Transfer, transfer.pk, believed="processing", to="failed", actor=ALICE)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_railevent (rail, event_id, type, payload) VALUES ('stripe', 'e', 't', '{}')"
        )
    with Redis.from_url(queue) as valkey:
        valkey.rpush("celery", "x", "y")
    text = client.get("/metrics").content.decode()
    for line in (
        'paidonce_recent_refusals{outcome="conflict"} 1.0',
        'paidonce_recent_refusals{outcome="illegal"} 1.0',
        'paidonce_recent_dispatch{rail="stripe",result="failed"} 1.0',
        'paidonce_recent_dispatch{rail="wise",result="success"} 0.0',
        'paidonce_webhook_backlog{direction="in"} 1.0',
        'paidonce_webhook_backlog{direction="out"} 0.0',
        "paidonce_queue_depth 2.0",
        'paidonce_pool{state="pool_max"}',
    ):
        assert line in text, line
    settings.REDIS_URL = f"redis://127.0.0.1:{embedded.free_port()}/0"
    assert "paidonce_queue_depth" not in client.get("/metrics").content.decode()


def test_every_metric_of_an_alert_exists(client: Client, queue: str, settings: Settings) -> None:
    settings.REDIS_URL = queue
    text = client.get("/metrics").content.decode()
    rules = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text())["groups"][0]["rules"]
    assert len(rules) >= 8
    for rule in rules:
        for name in re.findall(r"paidonce_\w+", rule["expr"]):
            assert f"# TYPE {name} " in text or f"# TYPE {name.removesuffix('_total')} " in text, (
                name
            )
        assert rule["annotations"]["runbook"].startswith("docs/runbooks/")
        assert (ROOT / rule["annotations"]["runbook"]).is_file(), rule["annotations"]["runbook"]
