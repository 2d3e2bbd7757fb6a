"""Who may do what at the console: each role against each action, and what a refusal leaves behind."""

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from audit.models import Entry
from tests.console.conftest import Open, crew, transfers_of
from tests.factories import make_booking
from tests.sandbox_process import SandboxProcess
from transfers.models import Booking, Finding, TransferReversal

MONEY_MODELS = ("booking", "transfer", "finding", "railevent")


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_an_auditor_looks_and_pays_nobody(at: Open) -> None:
    booking = make_booking("acct_1a")
    client = at("auditor")
    page = text(client.get(crew(booking)))
    assert "Pay All" not in page and "Your role may look and not pay." in page
    assert client.get(crew(booking, "confirm/")).status_code == 403
    assert client.post(crew(booking, "pay/")).status_code == 403
    assert transfers_of(booking) == []
    entry = Entry.objects.get(subject=f"booking:{booking.pk}", outcome="denied")
    assert (entry.action, entry.actor_name) == ("transfer.pay", "the-auditor")


def test_an_auditor_retries_nobody(at: Open, failed: Booking) -> None:
    transfer = transfers_of(failed)[1]
    client = at("auditor")
    assert "/retry/" not in text(client.get(crew(failed)))
    for address in (
        crew(failed, f"{transfer.pk}/retry/"),
        f"/admin/transfers/transfer/{transfer.pk}/retry/",
    ):
        assert client.post(address).status_code == 403
    transfer.refresh_from_db()
    assert transfer.status == "failed"
    denied = Entry.objects.filter(subject=f"transfer:{transfer.pk}", outcome="denied")
    assert denied.count() == 2


def test_an_operator_does_not_reverse(at: Open, paid: Booking) -> None:
    transfer = transfers_of(paid)[0]
    client = at("operator")
    page = text(client.get(f"/admin/transfers/transfer/{transfer.pk}/change/"))
    assert 'data-action="reverse"' not in page and 'data-action="ask"' in page
    address = f"/admin/transfers/transfer/{transfer.pk}/reverse/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"reason": "x"}).status_code == 403
    assert not TransferReversal.objects.exists()


def test_a_super_admin_reverses_with_a_reason(at: Open, paid: Booking) -> None:
    transfer = transfers_of(paid)[0]
    client = at("super_admin")
    address = f"/admin/transfers/transfer/{transfer.pk}/reverse/"
    assert "can be taken back" in text(client.get(address))
    for form, words in (
        ({"reason": ""}, "Say why"),
        ({"reason": "x", "amount": "1.234"}, "2 decimals"),
        ({"reason": "x", "amount": "1,00"}, "without commas"),
        ({"reason": "x", "amount": "9999"}, "can still be reversed"),
    ):
        answer = client.post(address, form)
        assert answer.status_code == 422 and words in text(answer)
    assert not TransferReversal.objects.exists()
    answer = client.post(address, {"reason": "paid for the wrong day", "amount": "100.00"})
    assert answer.status_code == 302
    reversal = TransferReversal.objects.get()
    assert (reversal.amount_minor, reversal.requested_by) == (10_000, "the-super_admin")


def test_an_operator_asks_the_rail(at: Open, unknown: Booking, sandbox: SandboxProcess) -> None:
    transfer = transfers_of(unknown)[0]
    address = f"/admin/transfers/transfer/{transfer.pk}/ask/"
    client = at("operator")
    assert client.get(address).status_code == 200
    transfer.refresh_from_db()
    assert transfer.outcome_unknown, "looking asks nobody"
    assert client.post(address).status_code == 302
    transfer.refresh_from_db()
    assert (transfer.status, transfer.outcome_unknown) == ("success", False)
    page = text(client.get(f"/admin/transfers/transfer/{transfer.pk}/change/"))
    assert "Stripe was asked: Paid." in page


def test_a_rail_that_cannot_be_asked_is_said_so(
    at: Open, unknown: Booking, sandbox: SandboxProcess
) -> None:
    transfer = transfers_of(unknown)[0]
    sandbox.set_fault("drop_before", times=None, method="GET")
    answer = at("operator").post(f"/admin/transfers/transfer/{transfer.pk}/ask/")
    sandbox.clear_faults()
    assert answer.status_code == 503
    assert "Nothing was learned and nothing changed" in text(answer)


def test_findings_are_resolved_with_a_note_by_who_may(at: Open) -> None:
    finding = Finding.objects.create(
        subject="transfer:1", kind="moved_twice", detail="Two of them."
    )
    address = f"/admin/transfers/finding/{finding.pk}/resolve/"
    form = {"resolution": "fixed_at_rail", "note": "took one back"}
    assert "Two of them." in text(
        at("operator").get(f"/admin/transfers/finding/{finding.pk}/change/")
    )
    assert at("operator").post(address, form).status_code == 403
    client = at("super_admin")
    assert client.post(address, {**form, "note": " "}).status_code == 422
    assert client.post(address, {**form, "resolution": "?"}).status_code == 422
    assert client.post(address, form).status_code == 302
    assert client.post(address, form).status_code == 409, "somebody resolved it before"
    finding.refresh_from_db()
    assert (finding.state, finding.resolved_by) == ("resolved", "the-super_admin")


@pytest.mark.parametrize(
    "model", [f"transfers/{one}" for one in MONEY_MODELS] + ["audit/entry", "audit/seal"]
)
def test_nobody_adds_changes_or_deletes_by_a_form(at: Open, paid: Booking, model: str) -> None:
    client = at("super_admin")
    assert client.get(f"/admin/{model}/add/").status_code == 403
    assert client.post(f"/admin/{model}/add/", {}).status_code == 403
    assert client.post(f"/admin/{model}/1/delete/", {"post": "yes"}).status_code in (403, 302)
    assert client.post(f"/admin/{model}/1/change/", {"status": "failed"}).status_code in (
        302,
        403,
        404,
        405,
    )
    form = {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
    client.post(f"/admin/{model}/", form)
    paid.refresh_from_db()
    assert paid.is_paid and len(transfers_of(paid)) == 2


@pytest.mark.parametrize(
    ("role", "page", "status"),
    [
        ("operator", "/admin/transfers/booking/", 200),
        ("operator", "/admin/transfers/transfer/", 200),
        ("operator", "/admin/transfers/finding/", 200),
        ("operator", "/admin/transfers/railevent/", 200),
        ("operator", "/admin/audit/entry/", 200),
        ("operator", "/admin/auth/user/", 403),
        ("operator", "/admin/django_celery_beat/periodictask/", 403),
        ("auditor", "/admin/auth/user/", 200),
        ("auditor", "/admin/django_celery_beat/periodictask/add/", 403),
        ("super_admin", "/admin/django_celery_beat/periodictask/add/", 200),
        ("integrator", "/admin/", 302),
    ],
)
def test_pages_open_for_whom_the_policy_says(at: Open, role: str, page: str, status: int) -> None:
    assert at(role).get(page).status_code == status
    if status == 403:
        assert "Your role may not do this" in text(at(role).get(page))


def test_the_sidebar_shows_what_opens(at: Open) -> None:
    page = text(at("operator").get("/admin/"))
    assert "/admin/audit/entry/" in page and "/admin/auth/user/" not in page


@pytest.mark.parametrize("retry", [":12", "12:", "٣:1", f"{'9' * 5_000}:1", f"1:{'9' * 40}", ",,:"])
def test_numbers_that_are_none_of_ours_are_no_mistake_of_the_server(
    at: Open, failed: Booking, retry: str
) -> None:
    client = at("super_admin")
    transfer = transfers_of(failed)[1]
    assert client.post(crew(failed, "pay/"), {"retry": retry}).status_code < 500
    for address in (
        crew(failed, f"{transfer.pk}/retry/"),
        f"/admin/transfers/transfer/{transfer.pk}/retry/",
    ):
        assert client.post(address, {"version": "9" * 40}).status_code < 500
    assert client.get(crew(failed, f"live/?shown={'9' * 3_000},x")).status_code == 200


def test_a_character_that_no_text_holds_is_refused(at: Open, paid: Booking) -> None:
    transfer = transfers_of(paid)[0]
    client = at("super_admin")
    address = f"/admin/transfers/transfer/{transfer.pk}/reverse/"
    assert client.post(address, {"reason": "a\x00b"}).status_code in (400, 422)
    assert not TransferReversal.objects.exists()
