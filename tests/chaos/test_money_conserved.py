"""Random schedules of people, workers, webhooks and bad days: money is conserved at every step and at the end.

Each seed is one schedule. Workers that die are played by stopping between the steps of the work; the fault of the
moment is chosen with the rest. At most one movement for a debt, always; in the end the paid rows are the movements.
"""

import random
from collections.abc import Callable

import pytest
from django.db.models import Q
from django.db.models.functions import Now

from guard.errors import Refused
from tests.chaos.watch import assert_conserved
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from tests.transfers.recount import assert_counters_are_a_recount
from tests.transfers.test_rail_events import event_about, receive
from transfers.claim import claim_due, claim_pending, commit_resend
from transfers.models import Booking, Finding, RailEvent, Transfer, TransferReversal
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.apply_rail_event import apply_rail_event
from transfers.services.confirm_transfer import confirm_transfer
from transfers.services.pay_crew import pay_crew
from transfers.services.record_answer import record_answer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.reverse_transfer import reverse_transfer
from transfers.services.work_reversal import work_reversal
from transfers.services.work_transfer import work_transfer

STEPS = 90
FAULTS = (
    "lost_answer", "drop_before", "500_after", "500_stored", "409", "429", "truncated", "html_502",
    "html_502_after", "silent",
)  # fmt: skip


class Schedule:
    """One random life of three bookings."""

    def __init__(self, sandbox: SandboxProcess, seed: int) -> None:
        self.sandbox = sandbox
        self.chance = random.Random(seed)
        accounts = ["1ok", "1fine", "insufficient", "lost_answer", "500_stored", "500_after"]
        self.bookings = [
            make_booking(*(f"acct_{self.chance.choice(accounts)}_{b}{n}" for n in range(3)))
            for b in range(3)
        ]
        self.late_answers: list[Callable[[], None]] = []
        self.events = 0

    def step(self) -> None:
        verbs = [
            self.pay,
            self.retry,
            self.reverse,
            self.confirm,
            self.fault,
            self.cure,
            self.event,
        ]
        work = [self.work, self.work, self.work_twice, self.die, self.late, self.time_passes]
        try:
            self.chance.choice([*verbs, *work, *work])()
        except Refused:
            return

    def transfer(self) -> Transfer:
        ids = list(Transfer.objects.order_by("id").values_list("id", flat=True))
        if not ids:
            self.pay()
            return self.transfer()
        return get_transfer(self.chance.choice(ids))

    def pay(self) -> None:
        booking = self.chance.choice(self.bookings)
        some = self.chance.choice([None, ["u1"], ["u3", "u2"]])
        pay_crew(reference=booking.reference, actor=ALICE, user_ids=some)

    def retry(self) -> None:
        retry_transfer(transfer_id=self.transfer().pk, actor=ALICE)

    def reverse(self) -> None:
        if self.chance.random() < 0.3:
            reverse_transfer(transfer_id=self.transfer().pk, reason="chance", actor=ALICE)
        for reversal in TransferReversal.objects.all():
            work_reversal(reversal_id=reversal.pk)

    def confirm(self) -> None:
        confirm_transfer(transfer_id=self.transfer().pk, actor=ALICE)

    def fault(self) -> None:
        fault = self.chance.choice(FAULTS)
        # Once a GET is struck by what only a POST can suffer, the sandbox just answers.
        self.sandbox.set_fault(fault, times=self.chance.randint(1, 2))

    def cure(self) -> None:
        self.sandbox.clear_faults()
        self.sandbox.cure(self.transfer().destination)

    def event(self) -> None:
        transfers = self.sandbox.books()["transfers"]
        if transfers:
            self.events += 1
            kind = self.chance.choice(["transfer.created", "transfer.reversed"])
            receive(event_about(self.chance.choice(transfers)["id"], kind, f"evt_{self.events}"))
        for event in RailEvent.objects.filter(due_at__isnull=False):
            apply_rail_event(event_id=event.pk)

    def work(self) -> None:
        work_transfer(transfer_id=self.transfer().pk)

    def work_twice(self) -> None:
        transfer = self.transfer()
        work_transfer(transfer_id=transfer.pk)
        work_transfer(transfer_id=transfer.pk)

    def die(self) -> None:
        """A worker dies somewhere on its way; its answer may still come, long after its lease."""
        transfer = self.transfer()
        if transfer.status == "pending":
            claim = claim_pending(transfer, actor=ALICE)
        else:
            claim = claim_due(transfer, actor=ALICE)
            # A resend is only allowed after a look that found nothing.
            if claim is not None:
                seen = stripe_rail().find(f"transfer:{transfer.debt_key}")
                empty = getattr(seen, "movements", None) == []
                claim = commit_resend(claim) if empty and not claim.attempt.spent else None
        if claim is None or self.chance.random() < 0.3:
            return
        key = claim.attempt.idempotency_key
        answer = stripe_rail().send(claim.attempt.request, idempotency_key=key)
        if self.chance.random() < 0.6 and type(answer).__name__ == "Moved":
            self.late_answers.append(lambda: record_answer(claim, answer, actor=ALICE))

    def late(self) -> None:
        if self.late_answers:
            self.late_answers.pop(self.chance.randrange(len(self.late_answers)))()

    def time_passes(self) -> None:
        open_rows = Q(due_at__isnull=False)
        Transfer.objects.filter(open_rows).update(due_at=Now())
        TransferReversal.objects.filter(open_rows).update(due_at=Now())

    def all_ends_well(self) -> None:
        """Faults are over, everybody is healthy, and workers have time."""
        self.sandbox.clear_faults()
        for account in {transfer.destination for transfer in Transfer.objects.all()}:
            self.sandbox.cure(account)
        for _ in range(12):
            self.time_passes()
            for transfer in Transfer.objects.filter(due_at__isnull=False):
                work_transfer(transfer_id=transfer.pk)
            for reversal in TransferReversal.objects.filter(due_at__isnull=False):
                work_reversal(reversal_id=reversal.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(8))
def test_money_is_conserved(sandbox: SandboxProcess, seed: int) -> None:
    schedule = Schedule(sandbox, seed)
    for _ in range(STEPS):
        schedule.step()
        totals = sandbox.totals()
        assert totals["paid_more_than_once"] == []
        assert totals["key_conflicts"] == 0
    schedule.all_ends_well()
    assert_conserved(sandbox)
    assert_counters_are_a_recount(*Booking.objects.all())
    assert not Transfer.objects.filter(due_at__isnull=False).exists()
    assert not Transfer.objects.filter(outcome_unknown=True).exists()
    assert list(Finding.objects.values_list("kind", "detail")) == []
    reversed_there = sum(row["amount_reversed"] for row in sandbox.books()["transfers"])
    assert reversed_there == sum(Transfer.objects.values_list("reversed_minor", flat=True))
