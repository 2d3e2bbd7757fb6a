"""The crew dialog: what it shows in each state, what its buttons do, and what a stale view is told."""

import re
from typing import cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from audit.models import Entry
from money import Money
from tests.console.conftest import Open, Work, crew, transfers_of
from tests.factories import ALICE, BookingFactory, crew_of, make_booking
from tests.sandbox_process import SandboxProcess
from transfers.console.crew import MOST_RETRIES
from transfers.console.crew_screen import MOST_LINES
from transfers.models import Booking, Finding, Transfer
from transfers.services.create_booking import NewCrewMember
from transfers.services.pay_crew import pay_crew
from transfers.services.retry_transfer import retry_transfer

HTMX = {"HX-Request": "true"}
CHIP = re.compile(
    r'<span class="chip chip-(\w+)"><span class="icon" aria-hidden="true">\w+</span>([^<]+)'
)


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def confirm_form(at: Open, booking: Booking, role: str = "operator") -> dict[str, str]:
    page = text(at(role).get(crew(booking, "confirm/"), headers=HTMX))
    return {name: field(page, name) for name in ("preview_token", "retry")}


def test_unpaid_shows_everybody_and_pay_all(at: Open) -> None:
    booking = make_booking("acct_1a", "acct_1b", "acct_1c", "acct_1d", reference="BK-19284")
    page = text(at("operator").get(crew(booking)))
    assert page.count('class="crew-row tone-grey"') == 4
    assert "$1,800.00" in page and "Pay All" in page
    assert "crew/live/" not in page, "nothing moves, so nothing is asked again and again"


def test_pay_all_after_a_confirmation_enqueues_everybody(at: Open) -> None:
    booking = make_booking("acct_1a", "acct_1b")
    client = at("operator")
    page = text(client.get(crew(booking, "confirm/"), headers=HTMX))
    assert "to 2 people?" in page and "$900.00" in page
    form = {"preview_token": field(page, "preview_token"), "retry": field(page, "retry")}
    answer = client.post(crew(booking, "pay/"), form, headers=HTMX)
    assert answer.status_code == 200
    assert [one.status for one in transfers_of(booking)] == ["pending", "pending"]
    assert "crew/live/" in text(answer), "it follows by itself now"
    assert "Pay All" not in text(answer) and "Pay Rest" not in text(answer)
    entry = Entry.objects.filter(action="transfer.pending").first()
    assert entry is not None and (entry.actor_kind, entry.actor_name) == ("user", "the-operator")


def test_without_javascript_it_is_a_page_and_a_redirect(at: Open) -> None:
    booking = make_booking("acct_1a")
    client = at("operator")
    page = text(client.get(crew(booking, "confirm/")))
    assert "<html" in page and "to 1 person?" in page
    form = {"preview_token": field(page, "preview_token"), "retry": ""}
    answer = client.post(crew(booking, "pay/"), form)
    assert (answer.status_code, answer.headers["Location"]) == (302, crew(booking))
    assert "1 person is on the way" in text(client.get(crew(booking)))


def test_paid_has_no_button_and_names_the_movements(at: Open, paid: Booking) -> None:
    page = text(at("operator").get(crew(paid)))
    assert page.count('class="crew-row tone-emerald"') == 2
    assert page.count('aria-disabled="true"') == 2
    assert "Pay All" not in page and "Pay Rest" not in page and "crew/confirm/" not in page
    for transfer in transfers_of(paid):
        assert f'data-copy="{transfer.rail_reference}"' in page
    assert "crew/live/" not in page


def test_failed_says_why_and_what_to_do(at: Open, failed: Booking) -> None:
    page = text(at("operator").get(crew(failed)))
    assert ("red", "Failed") in CHIP.findall(page)
    assert "capabilities enabled" in page, "Stripe's own words"
    assert "finish their Stripe onboarding" in page, "ours"
    assert "Pay Rest (1)" in page
    assert page.count("/retry/") == 2, "one button: its formaction and its hx-post"


def test_pay_rest_retries_the_failed_and_leaves_the_paid_alone(
    at: Open, failed: Booking, work: Work, sandbox: SandboxProcess
) -> None:
    sandbox.cure("acct_no_transfers_1")
    form = confirm_form(at, failed)
    at("operator").post(crew(failed, "pay/"), form, headers=HTMX)
    work(failed)
    assert [one.status for one in transfers_of(failed)] == ["success", "success"]
    assert [one.attempt_count for one in transfers_of(failed)] == [1, 2]
    assert sandbox.totals()["movements"] == 2


def test_pay_rest_pays_new_people_and_retries_failed_ones_in_one_press(
    at: Open, failed: Booking
) -> None:
    person = crew_of("acct_1new")[0]
    failed.crew.create(
        user_id="late",
        name=person.name,
        role="mover",
        amount_minor=1,
        currency="USD",
        stripe_account="acct_1new",
    )
    Booking.objects.filter(pk=failed.pk).update(crew_count=3, total_minor=90_001)
    client = at("operator")
    assert "Pay Rest (2)" in text(client.get(crew(failed)))
    client.post(crew(failed, "pay/"), confirm_form(at, failed), headers=HTMX)
    assert [one.status for one in transfers_of(failed)] == ["success", "pending", "pending"]


def test_a_stale_confirmation_pays_nobody_and_says_what_to_do(at: Open) -> None:
    booking = make_booking("acct_1a", "acct_1b")
    form = confirm_form(at, booking)
    pay_crew(reference=booking.reference, actor=ALICE, user_ids=["u1"])
    answer = at("operator").post(crew(booking, "pay/"), form, headers=HTMX)
    assert answer.status_code == 409
    assert "nobody was paid by your click" in text(answer)
    assert [one.user_id for one in transfers_of(booking)] == ["u1"]


def test_a_missing_token_pays_nobody(at: Open) -> None:
    booking = make_booking("acct_1a")
    assert at("operator").post(crew(booking, "pay/"), headers=HTMX).status_code == 409
    assert transfers_of(booking) == []


def test_a_stale_retry_of_pay_rest_is_refused_alone(at: Open, failed: Booking) -> None:
    form = confirm_form(at, failed)
    retry_transfer(transfer_id=transfers_of(failed)[1].pk, actor=ALICE)
    answer = at("operator").post(crew(failed, "pay/"), form, headers=HTMX)
    assert answer.status_code == 409
    assert "Not retried" in text(answer)


def test_retry_of_one_person(at: Open, failed: Booking) -> None:
    transfer = transfers_of(failed)[1]
    address = crew(failed, f"{transfer.pk}/retry/")
    assert at("operator").post(address, {"version": transfer.version}).status_code == 302
    transfer.refresh_from_db()
    assert transfer.status == "pending"
    answer = at("operator").post(address, {"version": transfer.version - 1}, headers=HTMX)
    assert answer.status_code == 409


def test_retry_belongs_to_its_booking(at: Open, failed: Booking) -> None:
    other = make_booking("acct_1x", reference="BK-other")
    address = crew(other, f"{transfers_of(failed)[1].pk}/retry/")
    assert at("operator").post(address).status_code == 404
    assert transfers_of(failed)[1].status == "failed"


def test_unknown_is_explained_and_cannot_be_retried(at: Open, unknown: Booking) -> None:
    (transfer,) = transfers_of(unknown)
    client = at("operator")
    page = text(client.get(crew(unknown)))
    assert ("unknown", "Unknown") in CHIP.findall(page)
    assert "Asked Stripe at" in page and "next check" in page and "Do not pay by hand" in page
    assert "Pay Rest" not in page and "/retry/" not in page
    assert "crew/live/" in page
    answer = client.post(crew(unknown, f"{transfer.pk}/retry/"), headers=HTMX)
    assert answer.status_code == 409
    assert "a retry could pay twice" in text(answer)


def test_the_confirmation_names_who_is_skipped_and_why(at: Open, unknown: Booking) -> None:
    page = text(at("operator").get(crew(unknown, "confirm/"), headers=HTMX))
    assert "Nobody is left to pay" in page
    assert "The outcome of their transfer is not known yet." in page
    assert 'id="confirm-pay"' not in page


def test_a_disputed_failure_is_not_offered(at: Open, failed: Booking) -> None:
    transfer = transfers_of(failed)[1]
    finding = Finding.objects.create(
        subject=f"transfer:{transfer.pk}", kind="moved_although_not_processing", detail="x"
    )
    page = text(at("operator").get(crew(failed)))
    assert f"/admin/transfers/finding/{finding.pk}/change/" in page
    assert "/retry/" not in page
    confirm = text(at("operator").get(crew(failed, "confirm/"), headers=HTMX))
    assert "Nobody is left to pay" in confirm and "a retry could pay twice" in confirm


def test_the_live_part_moves_what_is_on_the_screen(at: Open, paid: Booking) -> None:
    ids = list(paid.crew.values_list("pk", flat=True))
    page = text(at("auditor").get(crew(paid, "live/"), {"shown": f"{ids[0]},junk"}))
    assert f'id="crew-row-{ids[0]}"' in page and f'id="crew-row-{ids[1]}"' not in page
    assert page.count('hx-swap-oob="true"') == 4, "summary, one row, actions, the poll itself"
    assert "hx-trigger" not in page, "settled: it stops"
    over = text(at("auditor").get(crew(paid, "live/"), {"shown": "", "table": "1"}))
    assert f'id="booking-paid-{paid.pk}"' in over, "the table behind the dialog follows"


def test_a_part_that_did_not_change_carries_the_same_sum(at: Open, paid: Booking) -> None:
    def sums() -> list[str]:
        page = text(at("operator").get(crew(paid, "live/"), {"shown": "1"}))
        return re.findall(r'data-sum="(\w+)"', page)

    assert sums() == sums()


def test_a_large_crew_is_cut_filtered_and_shows_needs_first(at: Open) -> None:
    people = [
        NewCrewMember(f"p{n}", f"Person {n:04d}", "mover", Money(100, "USD"), f"acct_1p{n}")
        for n in range(MOST_LINES + 50)
    ]
    booking = _with_crew(people)
    pay_crew(reference=booking.reference, actor=ALICE, user_ids=["p240"])
    page = text(at("operator").get(crew(booking)))
    rows = re.findall(r"<strong>(Person \d{4})</strong>", page)
    assert len(rows) == MOST_LINES and rows[0] == "Person 0240"
    assert f"first {MOST_LINES} of {MOST_LINES + 50}" in page
    one = text(at("operator").get(crew(booking), {"q": "person 0007"}))
    assert re.findall(r"<strong>(Person \d{4})</strong>", one) == ["Person 0007"]
    none = text(at("operator").get(crew(booking), {"q": "<b>nobody"}))
    assert "Nobody on this crew matches “&lt;b&gt;nobody”" in none


def _with_crew(people: list[NewCrewMember]) -> Booking:
    return cast(Booking, BookingFactory(crew=people))


def test_names_are_never_markup(at: Open) -> None:
    evil = '"><script>alert(1)</script>'
    person = NewCrewMember("u1", evil, evil, Money(100, "USD"), "acct_1a")
    booking = _with_crew([person])
    Booking.objects.filter(pk=booking.pk).update(customer_name=evil)
    pay_crew(reference=booking.reference, actor=ALICE)
    transfer = transfers_of(booking)[0]
    client = at("super_admin")
    for address in (
        crew(booking),
        crew(booking, "confirm/"),
        f"/admin/transfers/booking/{booking.pk}/timeline/",
        "/admin/transfers/booking/",
        f"/admin/transfers/transfer/{transfer.pk}/change/",
        "/admin/transfers/transfer/",
        "/admin/",
    ):
        page = text(client.get(address))
        assert "alert(1)" in page or address == "/admin/", address
        assert "<script>alert" not in page, address


def test_retries_are_bounded(at: Open, failed: Booking) -> None:
    pk = transfers_of(failed)[1].pk
    others = ",".join(f"{10_000 + n}:1" for n in range(MOST_RETRIES))
    at("operator").post(crew(failed, "pay/"), {"retry": f"{others},{pk}:3"}, headers=HTMX)
    assert Transfer.objects.get(pk=pk).status == "failed"


def test_a_job_is_closed_from_its_page(at: Open) -> None:
    client = at("operator")
    booking = make_booking("acct_1a", reference="BK-7")
    page = text(client.get(crew(booking)))
    address = f"/admin/transfers/booking/{booking.pk}/cancel/"
    for one in (address, address.replace("cancel", "complete")):
        assert f'href="{one}"' in page
        assert "BK-7" in text(client.get(one))
    refused = client.post(address, {"reason": "", "version": str(booking.version)})
    assert refused.status_code == 422
    answer = client.post(address, {"reason": "rain", "version": str(booking.version)})
    assert (answer.status_code, answer.headers["Location"]) == (302, crew(booking))
    page = text(client.get(crew(booking)))
    assert "nobody is paid for it" in page and "Pay All" not in page
    late = client.post(address.replace("cancel", "complete"), {"version": "1"})
    assert late.status_code == 422
    assert at("auditor").post(address, {"reason": "x"}).status_code == 403
    other = make_booking("acct_1b")
    pay_crew(reference=other.reference, actor=ALICE)
    moving = client.post(f"/admin/transfers/booking/{other.pk}/cancel/", {"reason": "rain"})
    assert moving.status_code == 409 and "paid or being paid" in text(moving)


def test_what_stripe_wants_first_is_said_on_the_line_and_on_the_transfers_page(
    at: Open, work: Work, sandbox: SandboxProcess
) -> None:
    booking = make_booking("acct_1a")
    pay_crew(reference=booking.reference, actor=ALICE)
    sandbox.set_fault(
        "error", params={"status": 401, "message": "Invalid API Key", "stored": False}
    )
    work(booking)
    (transfer,) = transfers_of(booking)
    assert (transfer.status, transfer.outcome_unknown) == ("processing", False)
    client = at("auditor")
    for address in (crew(booking), f"/admin/transfers/transfer/{transfer.pk}/change/"):
        shown = text(client.get(address))
        assert "Stripe does not accept STRIPE_API_KEY" in shown
        assert "does not accept its credentials" in shown
