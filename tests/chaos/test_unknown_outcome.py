"""Nobody knows whether it was paid: never a second key, Retry is refused, and the probe finds out both ways."""

from tests.cast import Caller
from tests.chaos.watch import statuses, wait_until_settled
from tests.factories import make_booking
from tests.stack import Stack, wait_until
from transfers.models import Booking, Transfer, TransferAttempt


def pay_and_wait_for_unknown(stack: Stack, caller: Caller, account: str) -> tuple[Booking, int]:
    """Webhooks are held and look-ups fail, so that it stays unknown until the test lets it be known."""
    stack.sandbox.settings(webhooks_enabled=False)
    stack.sandbox.set_fault("html_502", times=None, method="GET")
    stack.start_worker()
    booking = make_booking(account)
    assert caller.pay_all(booking.reference).status == 202
    wait_until(lambda: statuses(booking) == {"unknown": 1}, why=stack.log_tail())
    return booking, Transfer.objects.get(source_id=booking.pk).pk


def assert_retry_is_refused(caller: Caller, transfer: int) -> None:
    refused = caller.post(f"transfers/{transfer}/retry")
    assert refused.status == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.body["code"] == "outcome_unknown"
    shown = caller.get(f"transfers/{transfer}").body
    assert (shown["status"], shown["outcome_unknown"]) == ("processing", True)


def test_it_happened(stack: Stack, caller: Caller) -> None:
    booking, transfer = pay_and_wait_for_unknown(stack, caller, "acct_silent_1")
    assert_retry_is_refused(caller, transfer)
    pays = caller.pay_all(booking.reference).body
    assert [result["outcome"] for result in pays["results"]] == ["outcome_unknown"]
    stack.sandbox.clear_faults()
    wait_until_settled(stack, booking)
    assert caller.get(f"transfers/{transfer}").body["status"] == "success"
    assert stack.sandbox.totals()["movements"] == 1
    assert len(stack.sandbox.books()["keys"]) == 1


def test_it_did_not_and_that_is_proven(stack: Stack, caller: Caller) -> None:
    booking, transfer = pay_and_wait_for_unknown(stack, caller, "acct_500_stored_1")
    assert_retry_is_refused(caller, transfer)
    stack.sandbox.clear_faults()
    wait_until_settled(stack, booking)
    shown = caller.get(f"transfers/{transfer}").body
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "not_executed")
    assert stack.sandbox.totals()["movements"] == 0
    assert TransferAttempt.objects.count() == len(stack.sandbox.books()["keys"]) == 1
    stack.sandbox.cure("acct_500_stored_1")
    assert caller.post(f"transfers/{transfer}/retry").status == 202
    wait_until(lambda: statuses(booking) == {"success": 1}, why=stack.log_tail())
    attempts = caller.get(f"transfers/{transfer}").body["attempts"]
    assert [(a["number"], a["outcome"]) for a in attempts] == [(1, "failed"), (2, "succeeded")]
    assert stack.sandbox.totals()["movements"] == 1


def test_a_person_asks(stack: Stack, caller: Caller) -> None:
    booking, transfer = pay_and_wait_for_unknown(stack, caller, "acct_silent_1")
    assert caller.post(f"transfers/{transfer}/confirm").status == 503
    while stack.workers:
        stack.kill_worker()
    stack.sandbox.clear_faults()
    confirmed = caller.post(f"transfers/{transfer}/confirm")
    assert (confirmed.status, confirmed.body["status"]) == (200, "success")
    assert statuses(booking) == {"success": 1}


def test_the_webhook_tells(stack: Stack, caller: Caller) -> None:
    stack.sandbox.set_fault("webhook_late", params={"ms": 1_500})
    booking, transfer = pay_and_wait_for_unknown(stack, caller, "acct_lost_answer_1")
    assert_retry_is_refused(caller, transfer)
    stack.sandbox.clear_faults()
    stack.sandbox.settings(webhooks_enabled=True)
    wait_until_settled(stack, booking)
    assert stack.sandbox.totals()["movements"] == 1
