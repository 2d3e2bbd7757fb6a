"""Must show 1: two reviewers in two browsers decide about the same request at the same moment."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import expect

from audit.models import Entry
from payouts.models import PayoutRequest
from payouts.selectors import get_payout, transfer_of
from tests.payouts.requests import make_payout
from tests.payouts_console.conftest import QUEUE, Reviewer
from tests.payouts_console.scenes import morning
from transfers.models import Transfer

SitDown = Callable[[str], Reviewer]
ROUNDS = 6
# Set by docs/screenshots.py: where the pictures of the README are written.
PICTURES = os.environ.get("PAIDONCE_SCREENSHOTS", "")
_PRESS = "([id, at]) => setTimeout(() => document.getElementById(id).click(), at - Date.now())"


def open_sheet(who: Reviewer, payout: PayoutRequest) -> None:
    """A click somewhere on the row."""
    who.page.locator("#result_list tbody tr", has_text=f"#{payout.pk}").locator("td").nth(5).click()
    expect(who.page.locator(f'#review[data-payout="{payout.pk}"]')).to_be_visible()


def title(who: Reviewer) -> str:
    """What the panel after a decision says."""
    expect(who.page.locator("#review[data-decided]")).to_be_visible()
    return who.page.locator("#review-title").inner_text()


def picture(who: Reviewer, name: str) -> None:
    if PICTURES:
        who.page.mouse.move(0, 0)
        who.page.wait_for_timeout(400)
        who.page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")


def test_two_browsers_press_at_the_same_moment(reviewer: SitDown) -> None:
    payouts = [make_payout(payee=f"payee-{turn}-{time.time_ns()}") for turn in range(ROUNDS)]
    ana, ben = reviewer("ana"), reviewer("ben")
    for turn, payout in enumerate(payouts):
        for who in (ana, ben):
            who.queue()
            open_sheet(who, payout)
        ben.page.fill("#reject-reason", "not this month")
        # Approve against reject, and every third time both approve.
        bens = "approve-button" if turn % 3 == 2 else "reject-button"
        at = time.time() * 1000 + 400
        ana.page.evaluate(_PRESS, ["approve-button", at])
        ben.page.evaluate(_PRESS, [bens, at])
        titles = {"ana": title(ana), "ben": title(ben)}

        decided = get_payout(payout.pk)
        winner = decided.reviewed_by
        loser = "ben" if winner == "ana" else "ana"
        assert titles == {winner: decided.get_status_display(), loser: f"{winner} was faster"}
        entries = Entry.objects.filter(subject=f"payout:{payout.pk}").exclude(
            action="payout.requested"
        )
        told = sorted(entries.values_list("outcome", "actor_name"))
        assert told == [("conflict", loser), ("won", winner)]
        assert (transfer_of(payout.pk) is not None) == (decided.status == "approved")
    approved = PayoutRequest.objects.filter(status="approved").count()
    assert Transfer.objects.filter(source_type="payout").count() == approved


def test_a_morning_at_the_queue(reviewer: SitDown) -> None:
    scene = morning()
    ids = sorted(PayoutRequest.objects.values_list("pk", flat=True))
    for place, pk in enumerate(ids):
        # Only how old they look; it is no part of what is signed.
        created = timezone.now() - timedelta(hours=60 / (place + 1), minutes=7 * place)
        PayoutRequest.objects.filter(pk=pk).update(created_at=created)
    ana, ben = reviewer("ana"), reviewer("ben")
    ana.queue()
    ben.queue()
    open_sheet(ben, scene["marc"])
    expect(ana.page.locator("tr", has_text="seller-2077")).to_contain_text("being reviewed by ben")
    ana.keys("j", "x", "j", "x")
    expect(ana.page.locator("[data-picked]")).to_have_text("2 requests selected")
    picture(ana, "payout-queue")
    ana.keys("x", "k", "x")

    open_sheet(ana, scene["marc"])
    expect(ana.page.locator("#review-claim")).to_contain_text("ben is looking at this too")
    picture(ana, "payout-sheet")
    ben.keys("r")
    expect(ben.page.locator("#reject-reason")).to_be_focused()
    ben.page.keyboard.type("Invoice 4471 is paid already")
    ben.keys("Enter")
    assert title(ben) == "Rejected"
    ana.keys("a", "Enter")
    assert title(ana) == "ben was faster"
    expect(ana.page.locator("#review")).to_contain_text("Invoice 4471 is paid already")
    picture(ana, "payout-race")
    ana.keys("n")
    expect(ana.page.locator("#review-title")).to_have_text("Emre Demir")
    ana.keys("a", "Enter")
    assert title(ana) == "Approved"
    ana.keys("Enter")
    expect(ana.page.locator("#review-title")).to_have_text("Owen Hughes")
    ana.keys("Escape")
    expect(ana.page.locator("tr", has_text="seller-3310")).to_contain_text("Approved")

    open_sheet(ana, scene["sofia"])
    ana.keys("a")
    expect(ana.page.locator("#approve-amount")).to_be_focused()
    ana.page.keyboard.type("72,500")
    ana.keys("Enter")
    expect(ana.page.locator("#review-title")).to_have_text("Approved")
    ana.keys("Escape", "?")
    expect(ana.page.locator("#help-title")).to_be_visible()
    ana.keys("Escape")
    assert get_payout(scene["sofia"].pk).status == "approved"

    ana.page.locator("tr", has_text="seller-5120").locator(".pick").check()
    ana.page.locator("tr", has_text="seller-2101").locator(".pick").check()
    ana.page.locator("#queue-bulk button[value=approve]").click()
    ana.page.locator("#approve-button").click()
    assert title(ana) == "1 of 2 approved"
    picture(ana, "payout-bulk")

    ana.page.goto(f"{ana.base}{QUEUE}{scene['lena'].pk}/change/")
    expect(ana.page.locator("#approve-form")).to_be_visible()
    picture(ana, "payout-detail")
    ana.page.goto(f"{ana.base}/admin/")
    expect(ana.page.locator(".cards-four .figure-card")).to_have_count(7)
    picture(ana, "payout-dashboard")
    ben.queue()
    expect(ben.page.locator("#queue-changes")).to_contain_text("approved")
