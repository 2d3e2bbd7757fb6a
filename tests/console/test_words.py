"""The screens' words: one name for one thing, sentences for codes, and which rails move real money."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from audit.actor import Actor
from audit.models import Entry
from audit.record import Note, record
from tests.console.conftest import Open
from tests.factories import ALICE, make_booking
from transfers import advice
from transfers.console.gate import require
from transfers.console.navigation import environment
from transfers.models import Transfer
from transfers.services.pay_crew import pay_crew

REQUEST = RequestFactory().get("/")


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("checkout/receipt", "Incoming payments"),
        ("transfers/stellarenvelope", "Stellar transactions"),
        ("transfers/stellarchannel", "Stellar channels"),
        ("transfers/railswitch", "Paused rails"),
    ],
)
def test_a_list_has_one_name(at: Open, page: str, name: str) -> None:
    html = at("super_admin").get(f"/admin/{page}/").content.decode()
    (headline,) = re.findall(r"<h1.*?</h1>", html, re.DOTALL)
    assert name in headline
    assert f"<title>{name}" in re.sub(r"\s+", " ", html).replace("<title> ", "<title>")


def test_the_label_says_which_rails_move_no_real_money(settings: Settings) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "sk_test_1", "https://api.stripe.com"
    settings.WISE_API_TOKEN = settings.HORIZON_URL = ""
    assert environment(REQUEST) == ["No real money: Stripe", "warning"]
    settings.STRIPE_API_KEY = "sk_live_1"
    assert environment(REQUEST) is None
    settings.WISE_API_TOKEN, settings.WISE_PROFILE_ID = "t", "1"
    settings.WISE_API_BASE = "http://127.0.0.1:1"
    assert environment(REQUEST) == ["No real money: Wise. Real: Stripe", "danger"]
    settings.HORIZON_URL = "http://127.0.0.1:2"
    settings.STELLAR_NETWORK_PASSPHRASE = "Test SDF Network ; September 2015"
    settings.STRIPE_API_BASE = "http://127.0.0.1:3"
    assert environment(REQUEST) == ["No real money: Stripe, Wise, Stellar", "warning"]


@pytest.mark.parametrize("code", ["op_no_destination", "op_no_trust", "not_executed", "new_one"])
def test_a_failed_refund_is_asked_for_anew(code: str) -> None:
    of_refund = advice.after_failure(code, "stellar", "refund")
    assert "payout request" not in of_refund and "ask for a new refund" in of_refund
    assert "retry the payout request" in advice.after_failure(code, "stellar", "payout")
    assert "{" not in of_refund


def test_the_audit_list_says_a_codes_sentence_and_keeps_the_code(at: Open) -> None:
    client = at("auditor")
    watcher = Actor("worker", "watcher")
    record(Note("receipt:7", "receipt.unmatched", watcher, outcome="won", reason="no_memo"))
    record(Note("payout:7", "payout.approved", watcher, outcome="denied", reason="self_approval"))
    html = client.get("/admin/audit/entry/").content.decode()
    assert "It names no session: neither a memo nor a muxed address." in html
    assert "Came in and pays nothing" in html
    assert "Nobody decides about their own request." in html
    assert "no_memo</code>" in html and "self_approval</code>" in html


def test_an_unknown_outcome_without_an_attempt_has_a_page(at: Open) -> None:
    booking = make_booking()
    pay_crew(reference=booking.reference, actor=ALICE)
    transfer = Transfer.objects.first()
    assert transfer is not None
    Transfer.objects.filter(pk=transfer.pk).update(status="processing", outcome_unknown=True)
    answer = at("auditor").get(f"/admin/transfers/transfer/{transfer.pk}/change/")
    assert answer.status_code == 200
    assert "Stripe was not asked yet" in answer.content.decode()


@pytest.mark.django_db
def test_a_refused_change_of_an_endless_number_is_written_down() -> None:
    request = RequestFactory().post("/")
    request.user = User.objects.create_user("nobody")
    with pytest.raises(PermissionDenied):
        require(request, "transfer.pay", f"transfer:{'9' * 200}")
    assert len(Entry.objects.get(outcome="denied").subject) == 64
