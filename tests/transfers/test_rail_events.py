"""Webhooks: verified on the raw body, stored once, applied in any order, any number of times."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests.conftest import WEBHOOK_SECRET
from tests.factories import ALICE
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import actions, attempts, enqueue_one, events, moved, paid, work
from transfers.claim import claim_pending
from transfers.models import Finding, RailEvent, Transfer
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.apply_rail_event import apply_rail_event
from transfers.services.receive_rail_event import SignatureRefused, receive_stripe_event
from transfers.services.record_answer import record_answer
from transfers.sweep import sweep_once

pytestmark = pytest.mark.django_db(transaction=True)


def signature(payload: bytes, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    moment = int(time.time()) - age
    digest = hmac.new(secret.encode(), b"%d." % moment + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event_about(reference: str, kind: str = "transfer.created", event: str = "evt_1") -> bytes:
    body: dict[str, Any] = {"id": event, "type": kind, "data": {"object": {"id": reference}}}
    return json.dumps(body).encode()


def receive(payload: bytes) -> bool:
    return receive_stripe_event(payload=payload, signature=signature(payload))


def apply_all() -> list[str]:
    for event in events():
        apply_rail_event(event_id=event.pk)
    return [event.result for event in events()]


class TestReceiving:
    """Nothing is stored that we cannot verify, and nothing twice."""

    @pytest.mark.parametrize(
        "forged",
        [
            lambda: "",
            lambda: "t=1,v1=00",
            lambda: signature(event_about("tr_1"), secret="whsec_other"),
            lambda: signature(event_about("tr_2")),
            lambda: signature(event_about("tr_1"), age=301),
        ],
        ids=["none", "nonsense", "other secret", "other body", "too old"],
    )
    def test_a_forged_signature_is_refused_and_nothing_is_stored(
        self, sandbox: SandboxProcess, forged: Callable[[], str]
    ) -> None:
        with pytest.raises(SignatureRefused) as refused:
            receive_stripe_event(payload=event_about("tr_1"), signature=forged())
        assert (refused.value.code, refused.value.http_status) == ("bad_signature", 400)
        assert events() == []

    def test_without_a_secret_nothing_is_believed(
        self, sandbox: SandboxProcess, settings: Settings
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRET = ""
        payload = event_about("tr_1")
        with pytest.raises(SignatureRefused):
            receive_stripe_event(payload=payload, signature=signature(payload, ""))
        assert events() == []

    def test_the_same_event_twice_is_stored_once(self, sandbox: SandboxProcess) -> None:
        payload = event_about("tr_1")
        assert receive(payload) is True
        assert receive(payload) is False
        (event,) = events()
        assert (event.event_id, event.type, event.payload) == (
            "evt_1",
            "transfer.created",
            json.loads(payload),
        )

    def test_eight_deliveries_at_once_are_one_row(self, sandbox: SandboxProcess) -> None:
        barrier = threading.Barrier(8, timeout=20)

        def deliver(_: int) -> bool:
            try:
                barrier.wait()
                return receive(event_about("tr_1"))
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(deliver, range(8))) == 1
        assert len(events()) == 1


class TestApplying:
    """The rail's books count, never what the message says."""

    def _silent(self) -> tuple[Transfer, str]:
        """Paid at the rail, unknown here."""
        transfer = work(enqueue_one("acct_silent_1"))
        found = stripe_rail().find(f"transfer:{transfer.debt_key}")
        return transfer, found.movements[0].reference  # type: ignore[union-attr]  # the sandbox answers

    def test_it_settles_an_unknown_outcome_once(self, sandbox: SandboxProcess) -> None:
        transfer, reference = self._silent()
        receive(event_about(reference))
        assert apply_all() == ["paid"]
        assert apply_all() == ["paid"]
        transfer = get_transfer(transfer.pk)
        assert (transfer.status, transfer.outcome_unknown) == ("success", False)
        assert actions(transfer).count("success") == 1
        (event,) = events()
        assert (event.tries, event.due_at) == (1, None)
        assert event.applied_at is not None

    def test_it_comes_before_the_worker_recorded_the_answer(self, sandbox: SandboxProcess) -> None:
        transfer = enqueue_one()
        claim = claim_pending(get_transfer(transfer.pk), actor=ALICE)
        assert claim is not None
        answer = stripe_rail().send(
            claim.attempt.request, idempotency_key=claim.attempt.idempotency_key
        )
        receive(event_about(sandbox.books()["transfers"][0]["id"]))
        assert apply_all() == ["paid"]
        record_answer(claim, answer, actor=ALICE)
        transfer = get_transfer(transfer.pk)
        assert (transfer.status, attempts(transfer)) == ("success", [(1, "succeeded", 1)])
        assert actions(transfer).count("success") == 1
        assert Finding.objects.count() == 0

    def test_reversals_partial_then_full_and_the_events_the_other_way_round(
        self, sandbox: SandboxProcess
    ) -> None:
        transfer = paid()
        for number, amount in enumerate((1_000, 44_000), start=1):
            stripe_rail().reverse(
                transfer.rail_reference,
                amount_minor=amount,
                currency="USD",
                reversal_id=number,
                idempotency_key=f"dashboard-{number}",
            )
            if number == 1:
                receive(event_about(transfer.rail_reference, "transfer.reversed", "evt_9"))
                assert apply_all() == ["partly reversed"]
                assert get_transfer(transfer.pk).status == "success"
        for late in ("evt_3", "evt_2"):
            receive(event_about(transfer.rail_reference, "transfer.reversed", late))
        receive(event_about(transfer.rail_reference, "transfer.created", "evt_1"))
        assert apply_all()[1:] == ["reversed", "known already", "known already"]
        transfer = get_transfer(transfer.pk)
        assert (transfer.status, transfer.reversed_minor) == ("reversed", 45_000)

    def test_a_lying_payload_changes_nothing(self, sandbox: SandboxProcess) -> None:
        transfer = work(enqueue_one("acct_drop_before_1"))
        body = json.loads(event_about("tr_invented"))
        body["data"]["object"]["transfer_group"] = f"transfer:{transfer.debt_key}"
        receive(json.dumps(body).encode())
        assert apply_all() == ["the rail does not know this object"]
        assert get_transfer(transfer.pk).status == "processing"

    @pytest.mark.parametrize("group", ["ORDER100", "transfer:not-a-uuid", ""])
    def test_somebody_elses_transfer(self, sandbox: SandboxProcess, group: str) -> None:
        request = stripe_rail().build_request(
            amount_minor=1, currency="USD", destination="acct_1", group=group, metadata={}
        )
        stripe_rail().send(request, idempotency_key="theirs")
        receive(event_about(sandbox.books()["transfers"][0]["id"]))
        assert apply_all() == ["not ours"]

    def test_other_kinds_of_events(self, sandbox: SandboxProcess) -> None:
        receive(event_about("acct_1", "account.updated"))
        assert apply_all() == ["not about transfers"]

    @pytest.mark.parametrize("data", [None, [], {"object": None}, {"object": {"id": 7}}, "x"])
    def test_an_event_without_an_object(self, sandbox: SandboxProcess, data: object) -> None:
        receive(json.dumps({"id": "evt_1", "type": "transfer.created", "data": data}).encode())
        receive(json.dumps({"id": "evt_2"}).encode())
        before = sandbox.totals()["requests"]
        assert apply_all() == ["names no transfer", "not about transfers"]
        assert sandbox.totals()["requests"] == before

    def test_a_rail_that_cannot_be_asked_is_asked_again(
        self, sandbox: SandboxProcess, settings: Settings
    ) -> None:
        transfer, reference = self._silent()
        sandbox.set_fault("html_502", method="GET")
        receive(event_about(reference))
        (result,) = apply_all()
        assert "502" in result
        assert RailEvent.objects.get().due_at is not None
        assert apply_all() == ["paid"]
        assert get_transfer(transfer.pk).status == "success"

    def test_the_sweep_applies_what_no_message_told_of(self, sandbox: SandboxProcess) -> None:
        transfer, reference = self._silent()
        receive(event_about(reference))
        sweep_once()
        sweep_once()
        assert get_transfer(transfer.pk).status == "success"
        assert moved(sandbox) == 1
