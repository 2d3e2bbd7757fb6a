"""Real HTTP clients race, workers pay what was approved, and the sandbox's books say how often.

A few rounds each; RACE_ROUNDS=200 for all of them.
"""

import base64
import http.client
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from audit.actor import Actor
from audit.chain import damaged_entries
from audit.models import Entry
from payouts.models import PayoutRequest
from payouts.services.approve_payout import approve_payout
from payouts.services.create_payout import NewPayee, create_payout
from tests.payouts.requests import HUNDRED, MAKER, make_payout, the_transfer
from tests.payouts.test_http_races import Reviewer
from tests.payouts_reconcile.steps import otto
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import lease_over
from tests.transfers.test_wise_webhooks import KEY, bodies
from transfers.models import Transfer
from transfers.services.apply_rail_event import apply_rail_event
from transfers.services.work_transfer import work_transfer
from transfers.sweep import due_ids, sweep_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1_200)]

ROUNDS = int(os.environ.get("RACE_ROUNDS", "8"))
FIRST = Actor("user", "first", user_id=800)

Step = Callable[[int], Any]


@pytest.fixture(autouse=True)
def _wise(wise: SandboxWise, settings: Settings) -> Iterator[None]:
    wise.topup("10000000.00")
    settings.APPROVAL_LIMIT = "100000000.00"
    settings.RAIL_TIMEOUT_SECONDS = 10.0
    yield
    connection.close()


@pytest.fixture
def people(live_server: LiveServer) -> Iterator[Callable[[str], Reviewer]]:
    """`people("late")`: one more person with an open connection."""
    made: list[Reviewer] = []

    def join(name: str) -> Reviewer:
        made.append(Reviewer(live_server, name))
        return made[-1]

    yield join
    for one in made:
        one.leave()


def asked(count: int, words: str = "", *, approved: bool = False) -> list[int]:
    make_payout(payee="racer", recipient=otto(words))
    payouts = [
        create_payout(
            payee=NewPayee("racer"),
            amount=HUNDRED,
            rail="wise",
            recipient=otto(words),
            actor=MAKER,
        ).pk
        for _ in range(count)
    ]
    if approved:
        for pk in payouts:
            approve_payout(payout_id=pk, actor=FIRST, reason="first")
    return payouts


def race(payouts: list[int], steps: list[Step]) -> dict[int, list[Any]]:
    """In each round every step starts at the same moment on the same request."""
    barrier = threading.Barrier(len(steps), timeout=120)

    def run(step: Step) -> list[Any]:
        got = []
        try:
            for pk in payouts:
                barrier.wait()
                got.append(step(pk))
        except BaseException:
            barrier.abort()
            raise
        finally:
            connection.close()
        return got

    with ThreadPoolExecutor(len(steps)) as pool:
        columns = [one.result() for one in [pool.submit(run, step) for step in steps]]
    return {pk: [column[place] for column in columns] for place, pk in enumerate(payouts)}


def pay_all() -> None:
    """Workers do all that is due, until nothing is."""
    with ThreadPoolExecutor(2) as pool:
        while sweep_once(pool):
            pass


def check_books(wise: SandboxWise, payouts: list[int]) -> Counter[str]:
    """One Wise transfer, funded once, for each that was approved and not cancelled; none for any other."""
    books = wise.books()
    made = Counter(str(row["details"].get("reference")) for row in books["transfers"])
    funded = books["totals"]["funded_by_reference"]
    ends: Counter[str] = Counter()
    for payout in PayoutRequest.objects.filter(pk__in=payouts):
        times = 1 if payout.status == "paid" else 0
        assert payout.status in ("paid", "rejected", "cancelled")
        assert (made[f"PO{payout.pk}"], funded.get(f"PO{payout.pk}", 0)) == (times, times)
        orders = Transfer.objects.filter(source_type="payout", source_id=payout.pk)
        assert [one.status for one in orders] == {
            "paid": ["success"],
            "rejected": [],
            "cancelled": ["cancelled"],
        }[payout.status]
        ends[payout.status] += 1
    assert books["totals"]["paid_more_than_once"] == []
    assert list(damaged_entries()) == []
    return ends


def decides(who: Reviewer, verb: str, **believed: str) -> Step:
    """This person's part of a race."""
    return lambda pk: who.decide(pk, verb, **believed)


def outcomes(pk: int) -> list[str]:
    """What became of each decision about it, in order."""
    log = Entry.objects.filter(subject=f"payout:{pk}", actor_kind__in=("user", "token"))
    return [one.outcome for one in log.order_by("seq")]


@pytest.mark.parametrize(
    "verbs",
    [["approve", "reject"], ["approve", "approve"], ["approve", "reject"] * 4],
    ids=["approve-reject", "approve-approve", "eight"],
)
def test_deciders_and_then_the_money(
    people: Callable[[str], Reviewer], wise: SandboxWise, verbs: list[str]
) -> None:
    payouts = asked(ROUNDS)
    steps = [decides(people(f"reviewer-{number}"), verb) for number, verb in enumerate(verbs)]
    for pk, answers in race(payouts, steps).items():
        (winner,) = [body for status, body in answers if status == 200]
        losers = [(status, body) for status, body in answers if status != 200]
        for status, problem in losers:
            assert (status, problem["code"]) == (409, "already_decided")
            assert problem["current_reviewer"] == winner["reviewed_by"]
            assert problem["decision_reason"] == winner["reason"]
        assert outcomes(pk) == ["noted", "won", *["conflict"] * len(losers)]
    pay_all()
    assert sum(check_books(wise, payouts).values()) == ROUNDS


def test_a_late_approval_and_a_cancellation(
    people: Callable[[str], Reviewer], wise: SandboxWise
) -> None:
    """Of an approved request: the cancellation is the one 200, the second approval is told of the first."""
    payouts = asked(ROUNDS, approved=True)
    late, stops = people("late"), people("stops")
    steps: list[Step] = [
        lambda pk: late.decide(pk, "approve"),
        lambda pk: stops.decide(pk, "cancel"),
    ]
    for pk, (approved, cancelled) in race(payouts, steps).items():
        assert (cancelled[0], approved[0], approved[1]["code"]) == (200, 409, "already_decided")
        assert approved[1]["current_reviewer"] == "first"
        assert sorted(outcomes(pk)) == ["conflict", "noted", "won", "won"]
    pay_all()
    assert check_books(wise, payouts) == {"cancelled": ROUNDS}


def test_an_approval_and_a_cancellation_that_believes_in_it(
    people: Callable[[str], Reviewer], wise: SandboxWise
) -> None:
    """Too early it is a 409, else it follows the approval; nothing is sent for what was cancelled."""
    payouts = asked(ROUNDS)
    yes, stops = people("yes"), people("stops")
    steps: list[Step] = [
        decides(yes, "approve"),
        decides(stops, "cancel", expected_status="approved"),
    ]
    cancelled = 0
    for pk, (approved, stopped) in race(payouts, steps).items():
        assert approved[0] == 200
        if stopped[0] == 200:
            cancelled += 1
        else:
            assert (stopped[0], stopped[1]["code"]) == (409, "conflict")
            assert stopped[1]["current_status"] in ("requested", "approved")
        assert outcomes(pk).count("won") == 1 + (stopped[0] == 200)
    pay_all()
    ends = check_books(wise, payouts)
    assert (ends["cancelled"], ends["paid"]) == (cancelled, ROUNDS - cancelled)


def test_a_cancellation_and_a_dispatch(
    people: Callable[[str], Reviewer], wise: SandboxWise
) -> None:
    payouts = asked(ROUNDS, approved=True)
    transfers = {pk: the_transfer(pk).pk for pk in payouts}
    stops = people("stops")
    worker = Actor("worker", "worker-1")

    cancel = decides(stops, "cancel", expected_status="approved")

    def work(pk: int) -> Any:
        return work_transfer(transfer_id=transfers[pk], actor=worker)

    cancelled = 0
    for pk, ((status, body), _) in race(payouts, [cancel, work]).items():
        if status == 200:
            cancelled += 1
            assert wise_knows_nothing_of(wise, pk)
        else:
            assert (status, body["code"]) == (409, "conflict")
            assert body["current_reviewer"] == "worker-1"
    pay_all()
    ends = check_books(wise, payouts)
    assert (ends["cancelled"], ends["paid"]) == (cancelled, ROUNDS - cancelled)


def wise_knows_nothing_of(wise: SandboxWise, pk: int) -> bool:
    rows = wise.books()["transfers"]
    return all(row["details"].get("reference") != f"PO{pk}" for row in rows)


def test_a_webhook_a_probe_and_a_person_who_asks(
    live_server: LiveServer,
    people: Callable[[str], Reviewer],
    wise: SandboxWise,
    settings: Settings,
) -> None:
    """A funding that nobody answered is settled once, whoever hears of it first."""
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings.WISE_WEBHOOK_PUBLIC_KEY = public.decode()
    payouts = asked(ROUNDS, "LOST FUND", approved=True)
    transfers = {pk: the_transfer(pk) for pk in payouts}
    told = {}
    for pk, transfer in transfers.items():
        work_transfer(transfer_id=transfer.pk)
        transfer.refresh_from_db()
        assert transfer.outcome_unknown
        told[pk] = bodies(wise, transfer)[-1]
    for transfer in transfers.values():
        lease_over(transfer)
    asks = people("asks")

    def webhook(pk: int) -> int:
        status = _deliver(live_server, told[pk])
        sweep_events()
        return status

    def probe(pk: int) -> None:
        work_transfer(transfer_id=transfers[pk].pk)

    def confirm(pk: int) -> int:
        return asks.ask(f"transfers/{transfers[pk].pk}/confirm")[0]

    for pk, (delivered, _, confirmed) in race(payouts, [webhook, probe, confirm]).items():
        assert (delivered, confirmed) == (200, 200)
        log = Entry.objects.filter(subject=f"transfer:{transfers[pk].pk}", outcome="won")
        assert log.filter(action="transfer.success").count() == 1
        paid = Entry.objects.filter(subject=f"payout:{pk}", action="payout.paid", outcome="won")
        assert paid.count() == 1
    pay_all()
    assert check_books(wise, payouts) == {"paid": ROUNDS}


def sweep_events() -> None:
    for pk in due_ids("transfers_railevent"):
        apply_rail_event(event_id=pk)


def _deliver(server: LiveServer, body: str) -> int:
    signature = base64.b64encode(KEY.sign(body.encode(), padding.PKCS1v15(), SHA256())).decode()
    line = http.client.HTTPConnection(server.thread.host, server.thread.port, timeout=60)
    headers = {"X-Signature-SHA256": signature, "Content-Type": "application/json"}
    line.request("POST", "/webhooks/wise", body, headers)
    status = line.getresponse().status
    line.close()
    return status
