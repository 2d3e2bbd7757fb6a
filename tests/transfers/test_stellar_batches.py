"""Many payouts in one transaction, many workers on a few channels: everybody once, and one bad payee alone."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.core.management import call_command
from django.db import close_old_connections, connection
from pytest_django.fixtures import Settings

from money import Money
from tests.conftest import forget_stellar
from tests.sandbox_horizon import SandboxHorizon
from tests.transfers.stellar_steps import (
    Recipients,
    envelope,
    envelopes,
    let_time_pass,
    work_until_known,
)
from tests.transfers.steps import attempts, work, work_when_due
from transfers.models import StellarEnvelope, Transfer
from transfers.rail_access import horizon_rail, stellar_treasury
from transfers.services.work_transfer import work_transfer
from transfers.sweep import sweep_once

pytestmark = pytest.mark.django_db(transaction=True)
SUBMIT = "transactions.submit"


def fresh(*transfers: Transfer) -> list[Transfer]:
    return [Transfer.objects.get(pk=transfer.pk) for transfer in transfers]


def statuses(*transfers: Transfer) -> list[str]:
    return [transfer.status for transfer in fresh(*transfers)]


def test_those_who_are_due_together_go_in_one_transaction(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payees = [stellar.address(f"payee {number}") for number in (1, 2, 3)]
    transfers = [recipients.payout(payee) for payee in payees * 3]
    work(transfers[0])
    assert statuses(*transfers) == ["success"] * 9
    signed = StellarEnvelope.objects.get()
    assert [stellar.times_paid(payee) for payee in payees] == [3, 3, 3]
    assert {one.rail_reference for one in fresh(*transfers)} == {
        f"{signed.hash}:{place}" for place in range(1, 10)
    }
    assert stellar.totals()["calls"]["transactions.submit"] == 1
    assert len(recipients.heard) == 18


def test_a_hundred_at_most_and_nobody_waits_for_the_sweep(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee = stellar.address("payee 1")
    transfers = [recipients.payout(payee, amount=Money(1_000, "XLM")) for _ in range(103)]
    work(transfers[0])
    assert StellarEnvelope.objects.get().payments.count() == 100
    sweep_once()
    assert set(statuses(*transfers)) == {"success"}
    assert stellar.times_paid(payee) == 103
    assert StellarEnvelope.objects.count() == 2


def test_a_slow_horizon_does_not_use_up_the_leases_with_looks(
    stellar: SandboxHorizon, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    payee = stellar.address("payee 1")
    transfers = [recipients.payout(payee) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr("transfers.claim.call_until", lambda: time.monotonic() - 1)
        work(transfers[0])
    assert statuses(*transfers) == ["success", "processing", "processing"]
    waiting = transfers[1].attempts.get()
    assert waiting.progress["waiting"]["code"] == "not_looked_at"
    for transfer in transfers[1:]:
        assert work_until_known(stellar, transfer).status == "success"
    assert stellar.times_paid(payee) == 3


def test_payments_with_another_memo_go_apart(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee = stellar.address("payee 1")
    transfers = [recipients.payout(payee, memo=memo) for memo in ("a", "b", "a", "")]
    work(transfers[0])
    assert statuses(*transfers) == ["success", "pending", "success", "pending"]


def test_one_bad_destination_fails_alone(stellar: SandboxHorizon, recipients: Recipients) -> None:
    good = [recipients.payout(stellar.address("payee 1")) for _ in range(2)]
    bad = recipients.payout(stellar.address("payee missing"))
    short = recipients.payout(stellar.address("payee 1"), amount=Money(10**17, "XLM"))
    work(good[0])
    assert statuses(*good, bad, short) == ["success", "success", "failed", "processing"]
    assert envelope(good[0]).payments.count() == 2
    (waiting,) = short.attempts.all()
    assert waiting.waiting_for["code"] == "treasury_underfunded"


def test_a_destination_that_goes_bad_after_the_look_fails_alone_and_the_others_are_paid(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    one, two, three = (stellar.address(f"payee {number}") for number in (1, 2, 3))
    owed = Money(15_000_000, "USDC")
    transfers = [recipients.payout(payee, amount=owed) for payee in (one, two, three)]
    stellar.set_fault("drop_before", operation=SUBMIT)
    work(transfers[0])
    assert all(transfer.outcome_unknown for transfer in fresh(*transfers))
    stellar.trust(two, "USDC", authorized=False)
    for transfer in (*transfers, *transfers):
        work_when_due(transfer)
    assert statuses(*transfers) == ["success", "failed", "success"]
    assert [stellar.times_paid(payee) for payee in (one, two, three)] == [1, 0, 1]
    assert fresh(transfers[1])[0].failure_code == "op_not_authorized"
    assert [made[:2] for made in attempts(transfers[0])] == [(1, "failed"), (2, "succeeded")]
    assert recipients.heard_of(transfers[0]) == ["processing", "success"]
    assert envelopes(transfers[0])[0].state == "applied_failed"


def test_a_whole_batch_that_is_proven_absent_is_paid_again_together(
    stellar: SandboxHorizon, recipients: Recipients
) -> None:
    payee = stellar.address("payee 1")
    transfers = [recipients.payout(payee) for _ in range(4)]
    stellar.set_fault("504_never", operation=SUBMIT)
    work(transfers[0])
    let_time_pass(stellar)
    for transfer in (*transfers, *transfers, *transfers):
        work_when_due(transfer)
    assert statuses(*transfers) == ["success"] * 4
    assert stellar.times_paid(payee) == 4
    assert StellarEnvelope.objects.filter(state="applied_ok").count() == 1


def test_one_of_a_batch_asks_for_all(stellar: SandboxHorizon, recipients: Recipients) -> None:
    stellar.hold()
    transfers = [recipients.payout(stellar.address("payee 1")) for _ in range(5)]
    work(transfers[0])
    stellar.close()
    before = stellar.totals()["calls"].get("transactions.get", 0)
    for transfer in transfers:
        work_when_due(transfer)
    assert statuses(*transfers) == ["success"] * 5
    assert stellar.totals()["calls"]["transactions.get"] == before + 1


def test_a_busy_channel_is_waited_for(stellar: SandboxHorizon, recipients: Recipients) -> None:
    stellar.hold()
    first = work(recipients.payout(stellar.address("payee 1")))
    second = work(recipients.payout(stellar.address("payee 2")))
    (waiting,) = second.attempts.all()
    assert (waiting.waiting_for["code"], second.outcome_unknown) == ("channel_busy", False)
    stellar.close()
    stellar.calm()
    assert work_when_due(first).status == "success"
    # The end of the first made the second due: no sweep had to come by.
    assert work(second).status == "success"


def at_once(works: Sequence[Callable[[], object]]) -> list[BaseException]:
    """All in threads that start together; what they raised."""
    barrier, raised = threading.Barrier(len(works)), list[BaseException]()

    def run(work_on: Callable[[], object]) -> None:
        try:
            barrier.wait()
            work_on()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            raised.append(error)
        finally:
            connection.close()
            close_old_connections()

    threads = [threading.Thread(target=run, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("channels", [1, 3])
def test_eight_workers_at_once_pay_everybody_once(
    channels: int, stellar: SandboxHorizon, recipients: Recipients, settings: Settings
) -> None:
    for name, value in stellar.settings_of_the_product(channels).items():
        setattr(settings, name, value)
    forget_stellar()
    horizon_rail()
    stellar_treasury()
    payees = [stellar.address(f"payee {number}") for number in (1, 2, 3)]
    transfers = [recipients.payout(payee) for payee in payees * 4]
    for _ in range(3):
        ids = [transfer.pk for transfer in transfers]
        works = [partial(work_transfer, transfer_id=pk) for pk in (*ids[:4], *ids[:4])]
        assert at_once(works) == []
    for transfer in transfers:
        work_until_known(stellar, transfer)
    assert set(statuses(*transfers)) == {"success"}
    assert [stellar.times_paid(payee) for payee in payees] == [4, 4, 4]
    assert set(StellarEnvelope.objects.values_list("state", flat=True)) == {"applied_ok"}


def test_derived_channels_are_made_once_by_the_command(
    stellar: SandboxHorizon, recipients: Recipients, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    settings.STELLAR_CHANNELS = 3
    settings.STELLAR_CHANNEL_SECRETS = []
    forget_stellar()
    transfer = work(recipients.payout(stellar.address("payee 1")))
    assert transfer.attempts.get().waiting_for["code"] == "channel_missing"
    call_command("stellar_channels", dry_run=True)
    assert capsys.readouterr().out.count("missing") == 3
    call_command("stellar_channels")
    assert capsys.readouterr().out.count("5.0000000 XLM") == 3
    call_command("stellar_channels")
    assert "created" not in capsys.readouterr().out
    assert work_when_due(transfer).status == "success"
    assert envelope(transfer).source in stellar_treasury().channels
    assert stellar.times_paid(stellar.address("payee 1")) == 1
