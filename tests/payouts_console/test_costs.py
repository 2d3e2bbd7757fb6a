"""What a page and a decision may ask of the database: pinned, whatever waits and however much was decided."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payouts.models import PayoutRequest, PayoutStatus
from payouts.selectors import facts_of, payouts_like, payouts_shown
from tests.payouts_console.conftest import QUEUE, At
from tests.payouts_console.test_queue import many

# The page: session, person, roles, request, four around it, room, transfer, findings, audit log, commissions, others.
SHEET_QUERIES, PAGE_QUERIES, CHANGES_QUERIES = 11, 17, 7
# Its savepoints, the reviewer's lock, reading, the rules, findings, the door with audit entry and transfer, the answer.
DECISION_QUERIES = 17


def cost(client: Client, address: str, **headers: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return len(queries.captured_queries)


@pytest.mark.parametrize("count", [2, 60])
def test_looking_at_one_request_costs_the_same(at: At, count: int) -> None:
    many(count)
    payout = PayoutRequest.objects.earliest("pk")
    client = at("ana")
    assert cost(client, f"{QUEUE}{payout.pk}/review/", HTTP_HX_REQUEST="true") == SHEET_QUERIES
    assert cost(client, f"{QUEUE}{payout.pk}/change/") == PAGE_QUERIES
    assert cost(client, f"{QUEUE}changes/?since=0") == CHANGES_QUERIES


@pytest.mark.parametrize(
    "query",
    ["?region=TR", "?status=any", "?age=1h", "?amount=1000", "?q=otto", "?newer=1"],
)
def test_no_filter_costs_a_query_more(at: At, query: str) -> None:
    many(12)
    PayoutRequest.objects.update(created_at="2026-01-01T00:00Z")
    client = at("ana")
    assert cost(client, f"{QUEUE}{query}") == cost(client, QUEUE)


def test_each_of_a_bulk_decision_costs_the_same(at: At) -> None:
    many(14)
    client = at("ana")
    first, *waiting = PayoutRequest.objects.order_by("pk")
    decided(client, [first])  # tells the database the limit
    few, more = (decided(client, some) for some in (waiting[:2], waiting[2:]))
    assert more - few == DECISION_QUERIES * (len(waiting) - 4)


def decided(client: Client, payouts: list[PayoutRequest]) -> int:
    form: dict[str, Any] = {
        "selected": [one.pk for one in payouts],
        "verb": "approve",
        "step": "do",
        **{f"seen-{one.pk}": facts_of(one).fingerprint() for one in payouts},
    }
    with CaptureQueriesContext(connection) as queries:
        page = client.post(f"{QUEUE}bulk/", form).content.decode()
    assert f"{len(payouts)} of {len(payouts)} approved" in page
    return len(queries.captured_queries)


def test_the_queue_walks_over_no_history(transactional_db: None) -> None:
    """The planner takes ids for scattered once a status stands before them, and would walk all the others instead."""
    many(2_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET status = 'rejected', version = 2, reviewed_by = 'ben'"
            " WHERE id < (SELECT min(id) + 1500 FROM payouts_payoutrequest)"
        )
        cursor.execute("ANALYZE payouts_payoutrequest")
    waiting = payouts_shown().filter(status=PayoutStatus.REQUESTED)
    for rows, index in (
        (waiting.order_by("pk"), "payout_waiting"),
        (payouts_like({"status": "rejected"}).order_by("-pk"), "payout_decided"),
    ):
        plan = rows[:51].explain()
        assert f"using {index} on payouts_payoutrequest" in plan, plan
        assert "payoutrequest_pkey on payouts_payoutrequest " not in plan, plan
