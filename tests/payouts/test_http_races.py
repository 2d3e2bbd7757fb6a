"""Real HTTP clients on real connections decide about the same request at the same moment."""

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.chain import damaged_entries
from audit.models import Entry
from payouts.models import PayoutRequest
from payouts.services.create_payout import NewPayee, create_payout
from tests.payouts.requests import HUNDRED, MAKER, OTTO, make_payout
from transfers.models import Transfer

pytestmark = pytest.mark.django_db(transaction=True)

Answer = tuple[int, dict[str, Any]]


class Reviewer:
    """One person with one open connection."""

    def __init__(self, server: LiveServer, name: str) -> None:
        user = User.objects.create_user(name)
        assign_role(user, Role.SUPER_ADMIN)
        _, secret = ApiToken.objects.create(user=user, name="test")
        self.name = name
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self._line = http.client.HTTPConnection(server.thread.host, server.thread.port, timeout=60)

    def decide(self, payout_id: int, verb: str, **believed: str) -> Answer:
        reason = f"{verb} by {self.name}"
        return self.ask(f"payouts/{payout_id}/{verb}", reason=reason, **believed)

    def ask(self, path: str, **fields: str) -> Answer:
        """POST below /api/v1/."""
        self._line.request("POST", f"/api/v1/{path}", json.dumps(fields), self._headers)
        response = self._line.getresponse()
        return response.status, json.loads(response.read())

    def leave(self) -> None:
        self._line.close()


def _race(
    reviewers: list[Reviewer], verbs: list[str], payouts: list[int]
) -> dict[int, list[Answer]]:
    barrier = threading.Barrier(len(reviewers), timeout=60)

    def run(number: int) -> list[Answer]:
        answers = []
        for pk in payouts:
            barrier.wait()
            answers.append(reviewers[number].decide(pk, verbs[number]))
        return answers

    with ThreadPoolExecutor(len(reviewers)) as pool:
        columns = list(pool.map(run, range(len(reviewers))))
    for reviewer in reviewers:
        reviewer.leave()
    return {pk: [column[place] for column in columns] for place, pk in enumerate(payouts)}


@pytest.mark.parametrize(
    ("verbs", "rounds"),
    [
        (["approve", "reject"], 200),
        (["approve", "approve"], 100),
        (["approve", "reject"] * 4, 100),
    ],
    ids=["approve-reject", "approve-approve", "eight"],
)
@pytest.mark.timeout(300)
def test_one_200_each_and_every_loser_is_told_who_won(
    live_server: LiveServer, verbs: list[str], rounds: int
) -> None:
    reviewers = [Reviewer(live_server, f"reviewer-{number}") for number in range(len(verbs))]
    make_payout(payee="racer")
    payouts = [
        create_payout(
            payee=NewPayee("racer"), amount=HUNDRED, rail="wise", recipient=OTTO, actor=MAKER
        ).pk
        for _ in range(rounds)
    ]
    wins: Counter[str] = Counter()
    for pk, answers in _race(reviewers, verbs, payouts).items():
        (winner,) = [body for status, body in answers if status == 200]
        losers = [(status, body) for status, body in answers if status != 200]
        assert len(losers) == len(verbs) - 1
        for status, problem in losers:
            assert (status, problem["code"]) == (409, "already_decided")
            assert problem["current_status"] == winner["status"]
            assert problem["current_reviewer"] == winner["reviewed_by"]
            assert problem["decision_reason"] == winner["reason"]
            assert problem["decided_at"] is not None
        assert PayoutRequest.objects.get(pk=pk).status == winner["status"]
        sent = Transfer.objects.filter(source_type="payout", source_id=pk).count()
        assert sent == (1 if winner["status"] == "approved" else 0)
        log = Entry.objects.filter(subject=f"payout:{pk}").order_by("seq")
        assert [one.outcome for one in log] == ["noted", "won", *["conflict"] * len(losers)]
        wins[winner["status"]] += 1
    assert sum(wins.values()) == rounds
    assert list(damaged_entries()) == []
