"""Confirm: a person asks the rail now, and what its books say is applied."""

import pytest

from audit.models import Entry
from guard.errors import NotFound
from rails.answers import Moved
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import actions, enqueue_one, moved, paid, work
from transfers.models import Finding, Transfer
from transfers.rail_access import stripe_rail
from transfers.selectors import get_transfer
from transfers.services.confirm_transfer import RailUnavailable, confirm_transfer
from transfers.services.import_legacy_transfer import LegacyRow, import_legacy_transfer

pytestmark = pytest.mark.django_db(transaction=True)


def confirm(transfer: Transfer) -> tuple[str, str]:
    now, done = confirm_transfer(transfer_id=transfer.pk, actor=ALICE)
    return now.status, done


def test_an_unknown_outcome_becomes_known_at_once(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_silent_1"))
    assert confirm(transfer) == ("success", "paid")
    assert confirm(transfer) == ("success", "known already")
    assert actions(transfer)[-3:] == ["success", "confirmed", "confirmed"]
    entry = Entry.objects.filter(action="transfer.confirmed").latest("id")
    assert (entry.actor_name, entry.reason) == ("alice", "known already")
    assert moved(sandbox) == 1


def test_nothing_there_proves_nothing(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_drop_before_1"))
    assert confirm(transfer) == ("processing", "the rail has no movement for it")
    assert get_transfer(transfer.pk).outcome_unknown
    assert Finding.objects.count() == 0


def test_a_rail_that_does_not_answer(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_silent_1"))
    sandbox.set_fault("html_502", method="GET")
    with pytest.raises(RailUnavailable) as refused:
        confirm(transfer)
    assert (refused.value.code, refused.value.http_status) == ("unavailable", 503)
    assert get_transfer(transfer.pk).version == transfer.version


def test_a_reversal_made_at_the_rail_is_seen(sandbox: SandboxProcess) -> None:
    transfer = paid()
    stripe_rail().reverse(
        transfer.rail_reference,
        amount_minor=45_000,
        currency="USD",
        reversal_id=0,
        idempotency_key="dashboard",
    )
    assert confirm(transfer) == ("reversed", "reversed")


def test_two_movements_are_told(sandbox: SandboxProcess) -> None:
    transfer = paid()
    request = transfer.attempts.get().request
    assert isinstance(stripe_rail().send(request, idempotency_key="by-hand"), Moved)
    status, done = confirm(transfer)
    assert status == "success"
    assert sorted(done.split("; ")) == ["finding: moved_twice", "known already"]


def test_paid_here_and_unknown_to_the_rail(sandbox: SandboxProcess) -> None:
    transfer = paid()
    sandbox.reset()
    assert confirm(transfer) == ("success", "finding: paid here, unknown to the rail")
    assert Finding.objects.get().kind == "movement_missing"


def test_a_list_that_lags_is_no_finding(sandbox: SandboxProcess) -> None:
    transfer = paid()
    sandbox.settings(list_lag_seconds=3_600)
    assert confirm(transfer) == ("success", "known already")
    assert Finding.objects.count() == 0


def test_one_taken_over_from_an_older_table_is_found_by_its_own_id(sandbox: SandboxProcess) -> None:
    booking = make_booking("acct_1ok")
    request = stripe_rail().build_request(
        amount_minor=45_000, currency="USD", destination="acct_1ok", group="", metadata={}
    )
    stripe_rail().send(request, idempotency_key="older-system")
    reference = sandbox.books()["transfers"][0]["id"]
    row = LegacyRow(booking.reference, "450.00", "USD", "paid", reference)
    assert import_legacy_transfer(row=row, actor=ALICE).result == "imported"
    assert confirm(Transfer.objects.get()) == ("success", "known already")
    assert Finding.objects.count() == 0


def test_an_unknown_id(sandbox: SandboxProcess) -> None:
    with pytest.raises(NotFound):
        confirm_transfer(transfer_id=404, actor=ALICE)
