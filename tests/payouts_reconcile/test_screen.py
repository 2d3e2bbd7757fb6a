"""What the request's page says is true at each moment, and its buttons do what the commands do, shown first."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from audit.models import Entry
from payouts.models import PayoutRequest
from payouts.selectors import get_payout
from payouts.services.add_recipient import add_recipient
from tests.payouts.requests import MAKER, MOVED_TO, make_payout, the_transfer
from tests.payouts_reconcile.steps import approved, at_wise, otto, overwrite, reference, sent, turn
from tests.sandbox_wise import SandboxWise
from tests.transfers.steps import lease_over, work
from tests.transfers.wise_steps import funded
from transfers.models import Release
from transfers.selectors import get_transfer
from transfers.services.raise_finding import raise_finding

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "/admin/payouts/payoutrequest/"


def at(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text(answer: Any) -> str:
    """What a person reads, in one line."""
    page = re.sub(r"<(script|style).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def screen(payout: PayoutRequest) -> str:
    answer = at("ana").get(f"{QUEUE}{payout.pk}/change/")
    assert answer.status_code == 200
    return text(answer)


# A later look shows where it is at Wise.
WITH_WISE = "Wise has the money and checks the payment"
UNKNOWN = "Nobody knows yet whether this moved"
PAID = "The rail proved that the money left"


def says(shown: str, words: str) -> bool:
    """Of what is paid the page may know more than that."""
    return words in shown or (words == PAID and WITH_WISE in shown)


def never_two(wise: SandboxWise, payout: PayoutRequest) -> int:
    """Movements in Wise's books for this request: one or none."""
    times = wise.books()["totals"]["funded_by_reference"].get(f"PO{payout.pk}", 0)
    assert times in (0, 1)
    assert funded(wise) == times
    return int(times)


# words of the sandbox -> what the page says after the first turn, in how many turns it ends, and how
MOMENTS = [
    ("LOST CREATE", "Wise has not confirmed the transfer. It is not funded, so nothing has moved", 1, PAID),
    ("CREATE 500 AFTER", "It is not funded, so nothing has moved", 1, PAID),
    ("LOST FUND", UNKNOWN, 1, PAID),
    ("FUND 500 AFTER", UNKNOWN, 1, PAID),
    ("DROP FUND", UNKNOWN, 4, PAID),
    ("SCA", "Wise wants strong customer authentication for this. Nothing has moved", 1, PAID),
    ("SCA ALWAYS", "Approve it in Wise's app", 3, "Approve it in Wise's app"),
    ("INSUFFICIENT", "The Wise balance does not cover it. Nothing has moved", 3, "Top up the Wise balance"),
    ("LOST CREATE CTID 409", "It is not funded, so nothing has moved", 2, PAID),
    ("LOST CREATE CTID 422", "It is not funded, so nothing has moved", 2, PAID),
    ("QUOTE EXPIRED", PAID, 0, PAID),
    ("LOST FUND FUND 409", UNKNOWN, 1, PAID),
    ("LOST FUND FUND 422", UNKNOWN, 1, PAID),
]  # fmt: skip


@pytest.mark.parametrize(("words", "at_first", "turns", "at_last"), MOMENTS)
def test_one_movement_or_none_and_the_page_is_true_at_each_moment(
    words: str, at_first: str, turns: int, at_last: str, wise: SandboxWise
) -> None:
    payout = approved(words)
    assert "waits for a worker. Nothing was sent yet" in screen(payout)
    assert never_two(wise, payout) == 0
    work(the_transfer(payout.pk))
    shown = screen(payout)
    assert at_first in shown
    if at_first != PAID:
        assert PAID not in shown and "Failed" not in shown.partition("Timeline")[0]
    for _ in range(turns):
        never_two(wise, payout)
        turn(payout)
    assert says(screen(payout), at_last)
    assert never_two(wise, payout) == (1 if at_last == PAID else 0)
    assert (get_payout(payout.pk).status == "paid") is (at_last == PAID)


def test_a_crash_in_the_funding_is_shown_as_unknown_once_it_is_taken_up(wise: SandboxWise) -> None:
    payout = sent("DROP FUND")
    shown = screen(payout)
    assert UNKNOWN in shown and "Do not pay by hand" in shown
    assert "Asked again" in shown


def test_the_quote_that_lapsed_while_it_waited_is_replaced(wise: SandboxWise) -> None:
    payout = sent("LOST CREATE")
    wise.expire_quote(wise.books()["quotes"][-1]["id"])
    for _ in range(3):
        turn(payout)
    assert says(screen(payout), PAID)
    assert never_two(wise, payout) == 1


def test_a_recipient_that_changed_after_the_approval_voids_it(wise: SandboxWise) -> None:
    payout = approved()
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)
    work(the_transfer(payout.pk))
    shown = screen(payout)
    assert "The approval is void: the payee has newer bank details" in shown
    assert "It was cancelled before anything was sent" in shown
    assert (get_payout(payout.pk).status, never_two(wise, payout)) == ("cancelled", 0)
    assert wise.books()["transfers"] == []


def test_bank_details_that_wise_refuses(wise: SandboxWise) -> None:
    wise.set_fault(
        "error",
        operation="recipient.create",
        params={
            "status": 422,
            "body": {"errors": [{"code": "NOT_VALID", "message": "x", "path": "IBAN"}]},
        },
    )
    payout = sent()
    shown = screen(payout)
    assert "It is proven that no money moved" in shown
    assert "reissue the request into them" in shown
    assert never_two(wise, payout) == 0


def test_details_that_no_key_fits_wait_and_say_so(wise: SandboxWise, settings: Settings) -> None:
    payout = approved()
    settings.RECIPIENT_KEYS = ("rotated away",)
    work(the_transfer(payout.pk))
    shown = screen(payout)
    assert "cannot be decrypted" in shown and "RECIPIENT_KEYS lacks the key" in shown
    assert (get_payout(payout.pk).status, never_two(wise, payout)) == ("processing", 0)
    settings.RECIPIENT_KEYS = ()
    turn(payout)
    assert (get_payout(payout.pk).status, never_two(wise, payout)) == ("paid", 1)


# --- It comes back ------------------------------------------------------------------------------------


def test_a_bounce_three_days_after_it_was_paid(wise: SandboxWise) -> None:
    payout = sent()
    transfer = the_transfer(payout.pk)
    wise.push(reference(transfer), "outgoing_payment_sent")
    turn(payout)
    assert "Wise sent it to the bank. A bank may still return it" in screen(payout)
    wise.settings(refund_delay_seconds=999_999)
    wise.bounce(reference(transfer), days=3)
    turn(payout)
    shown = screen(payout)
    assert "The bank sent it back to Wise" in shown and "cannot be reissued yet" in shown
    # Not proven dead: neither offered nor possible.
    assert "Reissue…" not in shown
    assert reissue(payout).status_code == 409
    assert get_payout(payout.pk).returned_at is None

    wise.refund(reference(transfer), "71.05")
    turn(payout)
    shown = screen(payout)
    assert "$71.05 came back after it was paid" in shown and "Returned" in shown
    fresh = get_payout(payout.pk)
    assert (fresh.status, fresh.returned_at is not None) == ("paid", True)
    assert "Reissue…" in shown
    assert reissue(payout).status_code == 302
    successor = PayoutRequest.objects.get(supersedes=payout)
    shown = screen(payout)
    assert "Reissue…" not in shown and f"request # {successor.pk}".replace("# ", "#") in shown
    assert reissue(payout).status_code == 409
    assert PayoutRequest.objects.filter(supersedes=payout).count() == 1
    assert never_two(wise, payout) == 1


def reissue(payout: PayoutRequest) -> Any:
    fields = {
        "type": "iban",
        "reason": "closed",
        **{k: v for k, v in MOVED_TO.items() if k != "type"},
    }
    return at("ana").post(f"{QUEUE}{payout.pk}/reissue/", fields)


# --- The buttons --------------------------------------------------------------------------------------


def test_cancel_shows_first_and_does_then(wise: SandboxWise) -> None:
    payout = sent("INSUFFICIENT")
    assert "Cancel at the rail…" in screen(payout)
    address = f"{QUEUE}{payout.pk}/cancel-transfer/"
    entries = Entry.objects.count()
    assert "it is cancelled at the rail" in text(at("ana").get(address))
    assert Entry.objects.count() == entries
    assert at("ana").post(address, {"reason": " "}).status_code == 422
    assert at("axel").post(address, {"reason": "x"}).status_code == 403
    assert at("axel").get(address).status_code == 403
    assert get_payout(payout.pk).status == "processing"
    answer = at("ana").post(address, {"reason": "wrong amount"}, follow=True)
    assert "waits for a decision" in text(answer)
    assert (get_payout(payout.pk).status, funded(wise)) == ("requested", 0)
    assert at_wise(wise, the_transfer(payout.pk))["status"] == "cancelled"
    assert "A person wants it back from the rail" in screen(payout)


def test_what_cannot_be_cancelled_says_so(wise: SandboxWise) -> None:
    payout = sent()
    wise.push(reference(the_transfer(payout.pk)), "outgoing_payment_sent")
    address = f"{QUEUE}{payout.pk}/cancel-transfer/"
    shown = text(at("ana").get(address))
    assert "Nothing to do:" in shown and "was sent to the bank" in shown
    assert at("ana").post(address, {"reason": "x"}).status_code == 409
    wise.set_fault("drop_before", times=None, method="GET")
    assert "did not answer" in text(at("ana").get(address))
    assert at("ana").post(address, {"reason": "x"}).status_code == 503


def test_a_rejected_one_with_money_out_is_reached_from_its_finding(wise: SandboxWise) -> None:
    payout = overwrite(sent(), "rejected")
    raise_finding(
        subject=f"payout:{payout.pk}",
        kind="paid_although_not_approved",
        detail="Money moved.",
        actor=MAKER,
        evidence={},
    )
    shown = screen(payout)
    assert "Open finding: Money moved." in shown and "Cancel at the rail…" in shown
    finding = at("ana").get("/admin/transfers/finding/").content.decode()
    assert f"{QUEUE}{payout.pk}/change/" in finding


def test_one_payment_is_proven_from_the_page(wise: SandboxWise) -> None:
    payout = sent()
    transfer = the_transfer(payout.pk)
    raise_finding(
        subject=f"transfer:{transfer.pk}",
        kind="approved_twice",
        detail="Two approvals.",
        actor=MAKER,
        evidence={},
    )
    shown = screen(payout)
    assert "Open finding: Two approvals." in shown and "Prove one payment…" in shown
    address = f"{QUEUE}{payout.pk}/confirm/"
    shown = text(at("ana").get(address))
    assert "one payment at the rail" in shown
    assert f"Payment {transfer.rail_reference} processing, 1 completed" in shown
    assert "One payment is proven" in text(
        at("ana").post(address, {"reason": "ticket 9"}, follow=True)
    )
    shown = screen(payout)
    assert "Open finding" not in shown and "One payment is proven" in shown


def test_two_people_decide_on_the_page(wise: SandboxWise) -> None:
    payout = sent("LOST FUND")
    wise.set_fault("drop_before", times=None, method="GET")
    assert "Decide the outcome…" in screen(payout)
    address = f"{QUEUE}{payout.pk}/release-outcome/"
    answer = at("ana").post(address, {"reason": "I saw it", "decision": "moved"}, follow=True)
    assert "waits for a second person" in text(answer)
    assert "somebody else must confirm it" in text(at("ana").get(address))
    again = at("ana").post(address, {"reason": "I saw it", "decision": "moved"})
    assert again.status_code == 302 and get_payout(payout.pk).status == "processing"
    withdraw = f"{QUEUE}{payout.pk}/release-withdraw/"
    assert at("ben").get(withdraw).status_code == 405
    assert at("axel").post(withdraw, {"reason": "no"}).status_code == 403
    assert "withdrawn" in text(at("ben").post(withdraw, {"reason": "no"}, follow=True))
    at("ana").post(address, {"reason": "I saw it", "decision": "moved"})
    assert "Confirm as the second person" in text(at("ben").get(address))
    hidden = {"reason": "I saw it too", "decision": "moved", "rail_reference": ""}
    answer = at("ben").post(address, hidden, follow=True)
    assert "ana and ben decided" in text(answer)
    assert get_payout(payout.pk).status == "paid"
    assert [one.state for one in Release.objects.order_by("id")] == ["withdrawn", "confirmed"]


def test_buttons_appear_only_where_they_mean_something(wise: SandboxWise) -> None:
    waiting = screen(make_payout(recipient=otto()))
    for label in ("Cancel at the rail…", "Prove one payment…", "Decide the outcome…"):
        assert label not in waiting
    payout = sent("SCA ALWAYS")
    auditor = text(at("axel").get(f"{QUEUE}{payout.pk}/change/"))
    assert "Wise wants strong customer authentication" in auditor
    assert "Cancel at the rail…" not in auditor
    lease_over(the_transfer(payout.pk))
    assert get_transfer(the_transfer(payout.pk).pk).status == "processing"
