"""A wrong account is put right before the next attempt, never under one that is on its way."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import enqueue_one, moved, work
from transfers.models import Booking, CrewMember, TransferStatus
from transfers.selectors import crew_preview
from transfers.services.pay_crew import PreviewStale, pay_crew
from transfers.services.retry_transfer import retry_transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _olga(transactional_db: None) -> None:
    assign_role(User.objects.create_user("olga"), Role.OPERATOR)
    assign_role(User.objects.create_user("axel"), Role.AUDITOR)


def correct(booking: Booking, account: str = "acct_1right", by: str = "olga") -> str:
    out = io.StringIO()
    words = (booking.reference, "u1", account, "--actor", by, "--reason", "a typing error")
    call_command("correct_account", *words, stdout=out)
    return out.getvalue()


def test_a_failed_person_is_paid_after_the_correction(sandbox: SandboxProcess) -> None:
    transfer = work(enqueue_one("acct_missing_1"))
    assert transfer.failure_code == "resource_missing"
    booking = Booking.objects.get()
    assert "acct_1right" in correct(booking)
    entry = Entry.objects.get(action="booking.account_corrected")
    assert (entry.actor_name, entry.reason) == ("olga", "a typing error")
    assert entry.snapshot == {"user_id": "u1", "from": "acct_missing_1", "to": "acct_1right"}
    retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    assert work(transfer).status == TransferStatus.SUCCESS
    assert moved(sandbox) == 1
    with pytest.raises(CommandError, match="obligation_live"):
        correct(booking, "acct_1other")


def test_what_was_previewed_before_it_is_not_paid() -> None:
    booking = make_booking("acct_1wrong")
    token = crew_preview(booking).token
    correct(booking)
    with pytest.raises(PreviewStale):
        pay_crew(reference=booking.reference, actor=ALICE, preview_token=token)


@pytest.mark.parametrize("account", [" ", "acct 1\n", "a" * 129, "acct_ß"])
def test_what_is_no_account(account: str) -> None:
    booking = make_booking("acct_1wrong")
    with pytest.raises(CommandError, match="validation_error"):
        correct(booking, account)
    assert CrewMember.objects.get().stripe_account == "acct_1wrong"


def test_an_auditor_corrects_nothing() -> None:
    booking = make_booking("acct_1wrong")
    with pytest.raises(CommandError, match="permission_denied"):
        correct(booking, by="axel")
