"""Must show 2: a person pays a crew in a browser, on the real stack, and sees every state of it."""

from playwright.sync_api import expect

from audit.actor import Actor
from audit.seal import seal_entries
from tests.browser.conftest import Console
from tests.factories import make_booking
from transfers.models import Booking, Transfer
from transfers.services.pay_crew import pay_crew

CLEO = Actor("user", "cleo")


def test_pay_all_turns_four_chips_from_grey_over_amber_to_emerald(console: Console) -> None:
    page = console.page
    console.bookings()
    console.open_crew("BK-19284")
    assert console.chips("grey") == 4
    expect(page.locator("#crew-pay")).to_have_text("payments Pay All")
    console.picture("crew-unpaid")
    moved_before = console.stack.sandbox.totals()["movements"]

    console.stack.sandbox.set_fault(
        "slow_commit", times=4, params={"ms": 5_000}, path="/v1/transfers"
    )
    page.locator("#crew-pay").click()
    expect(page.get_by_role("heading", name="Pay $1,800.00 to 4 people?")).to_be_focused()
    console.picture("crew-confirm")
    page.locator("#confirm-pay").click()
    console.wait_for_chips("amber", 4)
    console.picture("crew-processing")

    # Two of them are asked for a second time while they are on their way.
    _, again = pay_crew(reference="BK-19284", actor=CLEO, user_ids=["19284-1", "19284-2"])
    assert {pay.outcome for pay in again} == {"in_progress"}

    console.wait_for_chips("emerald", 4)
    expect(page.locator("#crew-summary")).to_contain_text("Everybody has been paid")
    assert page.locator("#crew-summary dd").all_inner_texts()[:3] == [
        "$1,800.00",
        "$1,800.00",
        "$0.00",
    ]
    expect(page.locator("#crew-pay")).to_have_count(0)
    row = page.locator("#result_list tbody tr", has_text="BK-19284")
    expect(row.locator(".chip-emerald")).to_have_text("check_circlePaid")
    console.picture("crew-paid")
    assert console.stack.sandbox.totals()["movements"] - moved_before == 4
    assert Booking.objects.get(reference="BK-19284").is_paid

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_500)
    assert asked == [], "settled: nothing is asked any more"


def test_one_bad_account_fails_alone_and_is_paid_after_its_cure(console: Console) -> None:
    page = console.page
    console.bookings()
    console.open_crew("BK-19284")
    console.pay()
    console.wait_for_chips("emerald", 4)
    page.keyboard.press("Escape")
    console.open_crew("BK-19285")
    console.pay()
    console.wait_for_chips("emerald", 3)
    console.wait_for_chips("red", 1)
    failed = page.locator(".crew-row.tone-red")
    expect(failed).to_contain_text("Tom Reyes")
    expect(failed).to_contain_text("insufficient_capabilities_for_transfer")
    expect(failed).to_contain_text("finish their Stripe onboarding")
    expect(page.locator("#crew-pay")).to_have_text("payments Pay Rest (1)")
    console.picture("crew-failed")

    page.keyboard.press("Escape")
    console.open_crew("BK-19286")
    console.pay()
    console.wait_for_chips("grey", 0)
    page.wait_for_timeout(1_000)
    console.bookings()
    console.picture("bookings")
    seal_entries()
    page.goto(f"{console.stack.web_url}/admin/")
    expect(page.locator(".figure-card")).to_have_count(12)
    console.picture("dashboard")

    console.bookings()
    console.open_crew("BK-19285")
    console.stack.sandbox.cure("acct_no_transfers_tom")
    page.get_by_role("button", name="Retry Tom Reyes").click()
    console.wait_for_chips("emerald", 4)
    expect(page.locator("#crew-pay")).to_have_count(0)
    tom = Transfer.objects.get(source_reference="BK-19285", payee_name="Tom Reyes")
    assert (tom.status, tom.attempt_count) == ("success", 2)

    page.get_by_role("link", name="Transfer and timeline of Tom Reyes").click()
    told = page.locator(".moment-title strong").all_inner_texts()
    assert [one for one in told if not one.startswith("Webhook")] == [
        "Asked for",
        "Claimed by a worker",
        "Sent to the rail: attempt 1",
        "The rail answered: no",
        "Failed: it is proven that no money moved",
        "Retry asked for",
        "Claimed by a worker",
        "Sent to the rail: attempt 2",
        "The rail answered: it moved",
        "Paid, proven by the rail",
    ]
    page.locator("#timeline").scroll_into_view_if_needed()
    console.picture("timeline")


def test_an_unknown_outcome_is_explained_and_found_by_asking(console: Console) -> None:
    page = console.page
    booking = make_booking("acct_1ana", "acct_1ben", "acct_silent_jo", reference="BK-19290")
    console.bookings()
    console.open_crew("BK-19290")
    console.pay()
    console.wait_for_chips("unknown", 1)
    unknown = page.locator(".crew-row.tone-unknown")
    expect(unknown).to_contain_text("Do not pay by hand.")
    title = unknown.locator("time").first.get_attribute("title")
    assert title is not None and title.endswith(" UTC")
    expect(page.locator("#crew-pay")).to_have_count(0)
    console.picture("crew-unknown")

    unknown.get_by_role("link", name="Transfer and timeline").click()
    page.get_by_role("link", name="Ask the rail now").click()
    page.get_by_role("button", name="Ask now").click()
    expect(page.locator("#content")).to_contain_text("Paid, proven by the rail")
    booking.refresh_from_db()
    assert booking.is_paid


def test_an_open_confirmation_is_left_alone_and_a_stale_one_pays_nobody(console: Console) -> None:
    page = console.page
    make_booking("acct_1a", "acct_1b", "acct_1c", "acct_1d", reference="BK-19291")
    console.stack.sandbox.set_fault(
        "slow_commit", times=1, params={"ms": 5_000}, path="/v1/transfers"
    )
    pay_crew(reference="BK-19291", actor=CLEO, user_ids=["u1"])
    console.bookings()
    console.open_crew("BK-19291")
    page.keyboard.press("p")
    # The question takes the focus when it opens; only then can somebody move it on.
    expect(page.get_by_role("heading", name="Pay $1,350.00 to 3 people?")).to_be_focused()
    back = page.locator("[data-back]")
    back.focus()
    expect(page.locator("#crew-summary")).to_contain_text("$450.00")
    page.wait_for_timeout(4_000)
    expect(back).to_be_focused()
    expect(page.get_by_role("heading", name="Pay $1,350.00 to 3 people?")).to_be_visible()

    pay_crew(reference="BK-19291", actor=CLEO, user_ids=["u2"])
    page.locator("#confirm-pay").click()
    expect(page.locator("#crew-notice")).to_contain_text("nobody was paid by your click")
    expect(page.locator("#crew-pay")).to_have_text("payments Pay Rest (2)")
    assert Transfer.objects.filter(source_reference="BK-19291").count() == 2
    # The browser logs every 409 as a failed resource; this one was expected.
    console.complaints[:] = [one for one in console.complaints if "409" not in one]


def test_with_the_keyboard_alone(console: Console) -> None:
    page = console.page
    booking = make_booking("acct_1a", reference="BK-19292")
    console.bookings()
    link = page.locator("a[data-crew]", has_text="BK-19292")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#crew-title")).to_be_focused()
    expect(page).to_have_url(f"{console.stack.web_url}{link.get_attribute('href')}")
    page.keyboard.press("p")
    expect(page.locator("#confirm-title")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#confirm-pay")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#crew-dialog")).not_to_be_visible()
    expect(link).to_be_focused()
    expect(page).to_have_url(f"{console.stack.web_url}/admin/transfers/booking/")
    assert not Transfer.objects.filter(source_id=booking.pk).exists()

    # The address that was shown opens the same crew as a page of its own.
    page.goto(f"{console.stack.web_url}{link.get_attribute('href')}")
    expect(page.locator("#crew-title")).to_contain_text("BK-19292")
    expect(page.locator("#crew-dialog")).to_have_count(0)
