"""Checkout's screens: what they show, who may press what, and the customer's page that says nothing private."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from checkout.models import CheckoutSession, Receipt, ReconcileRun, Refund, WatchCursor
from checkout.services.create_refund import create_refund, refund_receipt
from checkout.services.open_dispute import open_dispute
from checkout.services.reconcile_sessions import reconcile_sessions
from money import Money
from tests.checkout.ledger import ISSUER, OTHER_PAYER, SHOP, TEN, make_session, process
from tests.checkout.planted import age, set_status
from tests.payouts_console.conftest import person

pytestmark = pytest.mark.django_db(transaction=True)

PICTURES = os.environ.get("PAIDONCE_SCREENSHOTS", "")
ADMIN = "/admin/checkout"


def at(name: str, role: str = "super_admin") -> Client:
    client = Client()
    client.force_login(person(name, role))
    return client


def busy() -> CheckoutSession:
    """A shop's morning: a session that was paid twice, a part, strangers, a refund, a dispute, a run."""
    session = make_session(reference="order-2041")
    process(session)
    process(session, sender=OTHER_PAYER)
    create_refund(session_id=session.pk, amount="2.50", reason="one item returned", actor=SHOP)
    open_dispute(session_id=session.pk, amount="4", reason="not what I ordered", actor=SHOP)
    waiting = make_session(Money(1_200_000_000, TEN.currency), reference="order-2042")
    process(waiting, amount_minor=450_000_000)
    process(None, currency="XLM", amount_minor=70_000_000)
    process(waiting, currency=f"USDC:{OTHER_PAYER}")
    process(None, successful=False)
    stale = make_session(reference="order-2043")
    set_status(stale, "processing")
    age(stale, 900)
    reconcile_sessions()
    WatchCursor.objects.create(account=session.account, problem="Horizon: no answer.")
    return session


def test_every_page_shows_and_writes_nothing() -> None:
    session = busy()
    client = at("ana", "auditor")
    pages = [
        f"{ADMIN}/{model}/" for model in ("checkoutsession", "receipt", "refund", "reconcilerun")
    ]
    for model, rows in (
        ("checkoutsession", CheckoutSession.objects.all()),
        ("receipt", Receipt.objects.all()),
        ("refund", Refund.objects.all()),
        ("reconcilerun", ReconcileRun.objects.all()),
    ):
        pages += [f"{ADMIN}/{model}/{row.pk}/change/" for row in rows]
    for page in pages:
        shown = client.get(page)
        assert shown.status_code == 200, page
        if page.endswith("/change/"):
            assert client.post(page).status_code in (403, 405), page
    text = client.get(f"{ADMIN}/checkoutsession/{session.pk}/change/").content.decode()
    assert "order-2041" in text and "Surplus" in text and "paid twice" in text
    assert "Refund…" not in text
    listed = client.get(f"{ADMIN}/receipt/?status=unmatched").content.decode()
    assert "mistyped" not in listed and "Find whose it is" in listed
    run = client.get(f"{ADMIN}/reconcilerun/").content.decode()
    assert "Repaired nothing" in run and "no answer" in run
    assert client.get(f"{ADMIN}/checkoutsession/?q=order-2042").content.count(b"row-link") == 1
    assert client.get(f"{ADMIN}/receipt/999/change/").status_code == 404
    assert client.get(f"{ADMIN}/receipt/{'9' * 30}/change/").status_code == 404


def test_a_refund_is_asked_for_by_one_and_approved_by_another() -> None:
    session = make_session()
    surplus = process(session) and process(session)
    ana, ben = at("ana"), at("ben")
    path = f"{ADMIN}/receipt/{surplus.receipt_id}/refund/"
    assert ana.get(path).status_code == 200
    assert ana.post(path, {"reason": ""}).status_code == 422
    assert ana.post(path, {"reason": "x", "amount": "1.123456789"}).status_code == 422
    assert ana.post(path, {"reason": "twice", "amount": "11"}).status_code == 422
    assert ana.post(path, {"reason": "twice"}).status_code == 302
    refund = Refund.objects.get()
    assert refund.amount == TEN
    approve = f"{ADMIN}/refund/{refund.pk}/approve/"
    assert at("otto", "operator").post(approve).status_code == 403
    assert ana.post(approve, {"version": "1"}).status_code == 403
    assert ben.post(approve, {"version": "1"}).status_code == 302
    assert ben.post(approve, {"version": "1"}).status_code == 409
    refund.refresh_from_db()
    assert (refund.status, refund.reviewed_by) == ("approved", "ben")


def test_the_other_verbs() -> None:
    ana = at("ana")
    session, waiting = make_session(), make_session()
    process(session)
    lost = process(None)
    apply = f"{ADMIN}/receipt/{lost.receipt_id}/apply/"
    assert ana.post(apply, {"session": "x", "reason": "called"}).status_code == 422
    assert ana.post(apply, {"session": str(session.pk), "reason": "called"}).status_code == 409
    assert ana.post(apply, {"session": str(waiting.pk), "reason": "called"}).status_code == 302
    base = f"{ADMIN}/checkoutsession"
    assert ana.post(f"{base}/{session.pk}/dispute/", {"reason": "no"}).status_code == 302
    dispute = session.disputes.get()
    assert ana.post(f"{base}/disputes/{dispute.pk}/won/", {"reason": "yes"}).status_code == 302
    assert ana.post(f"{base}/disputes/{dispute.pk}/lost/", {"reason": "no"}).status_code == 409
    refund = f"{base}/{session.pk}/refund/"
    assert ana.post(refund, {"amount": "1,0.50", "reason": "no"}).status_code == 422
    assert ana.post(refund, {"amount": "0.50", "reason": "no"}).status_code == 302
    asked = Refund.objects.get()
    assert ana.post(f"{ADMIN}/refund/{asked.pk}/reject/", {"reason": "no"}).status_code == 302
    assert Receipt.objects.filter(held_minor__gt=0).count() == 0


def test_the_overview_says_what_came_in_and_pays_nothing() -> None:
    client = at("ana", "auditor")
    assert "Nobody needs you" in client.get("/admin/").content.decode()
    busy()
    page = client.get("/admin/").content.decode()
    for told in (
        "Waiting sessions",
        "Unmatched",
        "Surplus",
        "came in and names no session",
        "Ledger",
    ):
        assert told in page
    assert "Nobody needs you" not in page
    assert "Unmatched" not in at("ina", "integrator").get("/admin/").content.decode()


def test_what_cannot_be_read_is_not_said_to_have_been_given_back() -> None:
    receipt = process(None, kind="unreadable", amount_minor=0)
    page = at("ana", "auditor").get(f"{ADMIN}/receipt/{receipt.receipt_id}/change/")
    told = page.content.decode()
    assert "Read the amount from the account" in told and "given back" not in told


def test_what_is_beyond_the_amount_is_to_be_given_back_whoever_applied_it() -> None:
    session = make_session()
    lost = process(None, amount_minor=TEN.minor + 30_000_000)
    client, page = at("ana"), f"{ADMIN}/receipt/{lost.receipt_id}/change/"
    client.post(
        f"{ADMIN}/receipt/{lost.receipt_id}/apply/", {"session": session.pk, "reason": "called"}
    )
    assert "Refund what is beyond" in client.get(page).content.decode()
    refund_receipt(receipt_id=lost.receipt_id, amount="3", reason="too much", actor=SHOP)
    told = client.get(page).content.decode()
    assert "Refund what is beyond" not in told and "beyond the amount went back" in told


def test_a_run_that_was_killed_does_not_run_for_ever() -> None:
    run = ReconcileRun.objects.create(started_by="worker:reconciler")
    client = at("ana", "auditor")
    page = f"{ADMIN}/reconcilerun/{run.pk}/change/"
    assert "Running" in client.get(page).content.decode()
    ReconcileRun.objects.update(started_at=datetime.now(UTC) - timedelta(hours=2))
    assert "Never ended" in client.get(page).content.decode()


def test_a_comma_in_an_amount_is_not_guessed_at() -> None:
    session = make_session()
    process(session)
    page = f"{ADMIN}/checkoutsession/{session.pk}/refund/"
    refused = at("ana").post(page, {"amount": "1,5", "reason": "half of an item"})
    assert refused.status_code == 422 and "without commas" in refused.content.decode()
    assert not Refund.objects.exists()


def test_the_customers_page() -> None:
    session = make_session(reference="secret-reference")
    client = Client()
    path = f"/pay/{session.pay_token}"
    shown = client.get(path)
    text = shown.content.decode()
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"]
    for told in (session.account, session.memo, "10.00", ISSUER, "<svg", "web+stellar:pay?"):
        assert told in text
    assert "http-equiv" in text and not shown.cookies
    for secret in ("secret-reference", "shop", f"Session {session.pk}"):
        assert secret not in text
    process(session, amount_minor=TEN.minor // 4)
    assert "7.50" in client.get(path).content.decode()
    process(session)
    paid = client.get(path).content.decode()
    assert "Thank you" in paid and "http-equiv" not in paid and session.memo not in paid
    over = make_session()
    CheckoutSession.objects.filter(pk=over.pk).update(expires_at=datetime.now(UTC))
    late = client.get(f"/pay/{over.pay_token}").content.decode()
    assert "do not pay any more" in late and "http-equiv" in late
    assert over.memo not in late and "<svg" not in late
    assert client.get("/pay/nothing").status_code == 404
    assert client.post(path).status_code == 405


def test_in_a_browser_under_the_strict_policy(live_server: Any, browser: Browser) -> None:
    session = busy()
    complaints: list[str] = []
    user = at("ana")
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    cookie = user.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    waiting = CheckoutSession.objects.get(merchant_reference="order-2042")
    surplus = Receipt.objects.filter(status="surplus").latest("pk")
    run, refund = ReconcileRun.objects.latest("pk"), Refund.objects.latest("pk")
    for name, path in {
        "sessions": f"{ADMIN}/checkoutsession/",
        "session": f"{ADMIN}/checkoutsession/{session.pk}/change/",
        "receipts": f"{ADMIN}/receipt/",
        "receipt": f"{ADMIN}/receipt/{surplus.pk}/change/",
        "receipt-refund": f"{ADMIN}/receipt/{surplus.pk}/refund/",
        "refunds": f"{ADMIN}/refund/",
        "refund": f"{ADMIN}/refund/{refund.pk}/change/",
        "runs": f"{ADMIN}/reconcilerun/",
        "run": f"{ADMIN}/reconcilerun/{run.pk}/change/",
        "audit": "/admin/audit/entry/",
        "pay": f"/pay/{waiting.pay_token}",
        "paid": f"/pay/{session.pay_token}",
    }.items():
        page.goto(live_server.url + path)
        assert page.locator("h1, h2, table").first.is_visible()
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"checkout-{name}.png", full_page=True)
    context.close()
    assert complaints == []
