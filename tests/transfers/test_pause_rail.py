"""A paused rail: nothing new leaves and nothing leaves again, what may have left is asked about, nothing is lost."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from redis import Redis

from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from guard.errors import Conflicted, Invalid
from tests.cast import integrator
from tests.chaos.watch import assert_paid_once, statuses, wait_until_settled
from tests.factories import ALICE, make_booking
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import NO_PROXY, SandboxProcess
from tests.sandbox_wise import SandboxWise
from tests.stack import SHORT_TIMERS, Stack, wait_until
from tests.transfers.stellar_steps import Recipients, envelopes
from tests.transfers.stellar_steps import work_until_known as stellar_work_until_known
from tests.transfers.steps import (
    attempts,
    enqueue,
    enqueue_one,
    lease_over,
    moved,
    paid,
    reversal_due,
    work,
    work_when_due,
)
from tests.transfers.wise_steps import (
    PayoutSource,
    funded,
    payout,
    the_attempt,
    work_until_known,
)
from transfers import sweep
from transfers.drivers import stellar_envelopes
from transfers.drivers.stellar_channels import last_used
from transfers.models import RailSwitch, TransferReversal
from transfers.models.rail_switch import SwitchStatus
from transfers.rail_access import wise_rail
from transfers.selectors import get_transfer
from transfers.services.pause_rail import pause_rail, turn_switch
from transfers.services.resume_rail import resume_rail
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.sweep import due_ids, sweep_once
from transfers.switches import RailPaused

pytestmark = pytest.mark.django_db(transaction=True)


def pause(rail: str = "stripe") -> None:
    pause_rail(rail=rail, reason="it answers nonsense", actor=ALICE)


def resume(rail: str = "stripe") -> None:
    resume_rail(rail=rail, reason="it is well again", actor=ALICE)


class TestSwitch:
    """Turned through the door, once, with an entry."""

    def test_each_turn_is_one_audited_step(self) -> None:
        pause()
        with pytest.raises(Conflicted, match="paused already"):
            pause()
        resume()
        with pytest.raises(Conflicted, match="open already"):
            resume()
        switch = RailSwitch.objects.get()
        assert (switch.status, switch.changed_by) == ("open", ALICE.name)
        entries = Entry.objects.filter(subject=f"rail_switch:{switch.pk}").order_by("seq")
        assert [(one.action, one.outcome) for one in entries] == [
            ("rail_switch.paused", "won"),
            ("rail_switch.paused", "conflict"),
            ("rail_switch.open", "won"),
            ("rail_switch.open", "conflict"),
        ]

    def test_no_reason_and_no_such_rail(self) -> None:
        with pytest.raises(Invalid):
            pause_rail(rail="stripe", reason=" ", actor=ALICE)
        with pytest.raises(Invalid):
            pause("carrier-pigeon")
        with pytest.raises(Invalid, match="unfreeze_dispatch"):
            resume("all")

    def test_commands_are_for_who_may(self) -> None:
        for role in ("super_admin", "operator"):
            assign_role(User.objects.create(username=role), Role(role))
        with pytest.raises(CommandError, match="active user"):
            call_command("pause_rail", "wise", actor="nobody", reason="x")
        call_command("pause_rail", "wise", actor="operator", reason="x")
        with pytest.raises(CommandError, match="permission_denied"):
            call_command("resume_rail", "wise", actor="operator", reason="x")
        assert Entry.objects.filter(action="rail.resume", outcome="denied").count() == 1
        call_command("resume_rail", "wise", actor="super_admin", reason="x")
        assert RailSwitch.objects.get().status == "open"


class TestStripe:
    """What a worker does with each kind of row."""

    @pytest.mark.parametrize("rail", ["stripe", "all"])
    def test_a_pending_one_waits_whoever_is_told_of_it(
        self, sandbox: SandboxProcess, rail: str
    ) -> None:
        transfer = enqueue_one()
        pause(rail)
        assert work(transfer).status == "pending"
        assert due_ids("transfers_transfer") == []
        assert sweep_once() == 0
        assert moved(sandbox) == 0
        turn_switch(
            rail, "it is well again", ALICE, believed=SwitchStatus.PAUSED, to=SwitchStatus.OPEN
        )
        assert work(transfer).status == "success"
        assert moved(sandbox) == 1

    def test_other_rails_go_on_and_are_not_crowded_out(
        self, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, waiting = enqueue(*[f"acct_1w{n}" for n in range(5)])
        pause("wise")
        # As old as they are, they fill no round of the others.
        monkeypatch.setattr(sweep, "MOST_ROWS_IN_A_ROUND", 3)
        assert len(due_ids("transfers_transfer")) == 3
        pause("stripe")
        assert due_ids("transfers_transfer") == []
        resume("stripe")
        assert [work(one).status for one in waiting] == ["success"] * 5

    def test_an_unknown_outcome_is_asked_about_and_found(self, sandbox: SandboxProcess) -> None:
        transfer = work(enqueue_one("acct_lost_answer_1"))
        assert transfer.outcome_unknown
        pause()
        assert work_when_due(transfer).status == "success"
        assert moved(sandbox) == 1

    def test_one_that_never_arrived_is_not_sent_again_before_it_is_resumed(
        self, sandbox: SandboxProcess
    ) -> None:
        sandbox.set_fault("drop_before")
        transfer = work(enqueue_one())
        assert transfer.outcome_unknown
        pause()
        for _ in range(3):
            assert work_when_due(transfer).outcome_unknown
        assert attempts(transfer) == [(1, "unknown", 1)]
        assert moved(sandbox) == 0
        resume()
        assert work_when_due(transfer).status == "success"
        assert attempts(transfer) == [(1, "succeeded", 2)]
        assert moved(sandbox) == 1

    def test_one_that_was_told_to_wait_waits_on(self, sandbox: SandboxProcess) -> None:
        sandbox.set_fault("429")
        transfer = work(enqueue_one())
        assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
        pause()
        waiting = work_when_due(transfer)
        assert (waiting.status, waiting.outcome_unknown) == ("processing", False)
        assert moved(sandbox) == 0
        resume()
        assert work_when_due(transfer).status == "success"
        assert moved(sandbox) == 1

    def test_a_reversal_waits_and_an_unclear_one_is_asked_about(
        self, sandbox: SandboxProcess
    ) -> None:
        reverse_transfer(transfer_id=paid("acct_1a").pk, reason="mistake", actor=ALICE)
        pause()
        reversal = TransferReversal.objects.get()
        assert due_ids("transfers_transferreversal") == []
        sweep.WORK["transfers_transferreversal"](reversal.pk)
        assert sandbox.books()["reversals"] == []
        TransferReversal.objects.update(send_count=1)
        reversal_due(reversal)
        sweep.WORK["transfers_transferreversal"](reversal.pk)
        assert sandbox.books()["reversals"] == []
        resume()
        reversal_due(reversal)
        sweep.WORK["transfers_transferreversal"](reversal.pk)
        assert len(sandbox.books()["reversals"]) == 1

    def test_what_a_person_wants_sent_now_is_refused_with_the_reason(
        self, sandbox: SandboxProcess
    ) -> None:
        failed, good = work(enqueue_one("acct_no_transfers_1")), paid("acct_1b")
        pause()
        for refused in (
            lambda: retry_transfer(transfer_id=failed.pk, actor=ALICE),
            lambda: reverse_transfer(transfer_id=good.pk, reason="x", actor=ALICE),
        ):
            with pytest.raises(RailPaused, match="it answers nonsense") as raised:
                refused()
            assert raised.value.extra == {"reason": "it answers nonsense"}
        assert get_transfer(failed.pk).status == "failed"
        assert not TransferReversal.objects.exists()


class TestWise:
    """Between the steps of a payment."""

    def test_what_was_not_begun_waits(self, wise: SandboxWise, payouts: PayoutSource) -> None:
        transfer = payout()
        pause("wise")
        assert work(transfer).status == "pending"
        resume("wise")
        assert work_until_known(transfer).status == "success"
        assert funded(wise) == 1

    @pytest.mark.parametrize("step", ["add_recipient", "create"])
    def test_paused_between_two_steps_it_goes_no_further(
        self, wise: SandboxWise, payouts: PayoutSource, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        transfer = payout()
        rail = wise_rail()
        call = getattr(rail, step)

        def call_and_pause(body: dict[str, Any]) -> Any:
            answer = call(body)
            pause("wise")
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(rail, step, call_and_pause)
            work(transfer)
        for _ in range(2):
            waiting = work_when_due(transfer)
            assert (waiting.status, waiting.outcome_unknown) == ("processing", False)
            assert the_attempt(waiting).progress["waiting"]["code"] == "rail_paused"
        assert funded(wise) == 0
        resume("wise")
        assert work_until_known(transfer).status == "success"
        assert funded(wise) == 1


class TestStellar:
    """Nothing is signed, and what was signed is only asked about."""

    def test_nothing_is_signed_until_it_is_resumed(
        self, stellar: SandboxHorizon, recipients: Recipients
    ) -> None:
        transfer = recipients.payout(stellar.address("payee 1"))
        pause("stellar")
        assert work(transfer).status == "pending"
        assert not envelopes(transfer)
        resume("stellar")
        assert stellar_work_until_known(stellar, transfer).status == "success"

    def test_paused_a_moment_before_it_is_signed(
        self, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        transfer = recipients.payout(stellar.address("payee 1"))

        def last_used_and_pause(lease: Any) -> int:
            pause("stellar")
            return last_used(lease)

        with monkeypatch.context() as patch:
            patch.setattr("transfers.drivers.stellar.last_used", last_used_and_pause)
            work(transfer)
        assert not envelopes(transfer)
        resume("stellar")
        lease_over(transfer)
        assert stellar_work_until_known(stellar, transfer).status == "success"
        assert stellar.times_paid(stellar.address("payee 1")) == 1

    def test_paused_between_signing_and_sending_it_is_not_sent(
        self, stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        transfer = recipients.payout(stellar.address("payee 1"))
        with monkeypatch.context() as patch:
            patch.setattr(stellar_envelopes, "turn", lambda: pause("stellar"))
            waiting = work(transfer)
        (signed,) = envelopes(transfer)
        assert (signed.state, signed.send_count) == ("prepared", 0)
        assert (waiting.status, waiting.outcome_unknown) == ("processing", False)
        assert the_attempt(waiting).progress["waiting"]["code"] == "rail_paused"
        assert stellar.times_paid(stellar.address("payee 1")) == 0
        resume("stellar")
        assert stellar_work_until_known(stellar, transfer).status == "success"
        assert stellar.times_paid(stellar.address("payee 1")) == 1


def test_a_real_worker_sends_nothing_and_then_everybody_is_paid_once(stack: Stack) -> None:
    pause()
    booking = make_booking(*[f"acct_1p{n}" for n in range(20)])
    assert integrator(stack.web_url).pay_all(booking.reference).status == 202
    with Redis.from_url(stack.queue_url) as queue:
        wait_until(lambda: queue.llen("celery") == 0, why="the worker takes no message")
    time.sleep(float(SHORT_TIMERS["SWEEP_INTERVAL_SECONDS"]) + 0.5)  # and its sweep looked as well
    assert statuses(booking) == {"pending": 20}
    assert stack.sandbox.totals()["movements"] == 0
    with NO_PROXY.open(f"{stack.web_url}/readyz", timeout=10) as answer:
        assert json.load(answer)["checks"]["paused_rails"] == ["stripe"]
    resume()
    wait_until_settled(stack, booking, 25)
    assert_paid_once(stack, booking)
