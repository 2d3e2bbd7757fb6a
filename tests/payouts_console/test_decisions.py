"""Approve, reject, cancel, retry, reveal, reissue and bulk: through the services, for whoever may, never by GET."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from audit.models import Entry
from money import Money
from payouts.models import PayoutRequest, Recipient
from payouts.selectors import facts_of, get_payout, transfer_of
from payouts.services.add_recipient import add_recipient
from payouts.services.reject_payout import reject_payout
from tests.payouts.requests import BEN, IBAN, MOVED_TO, OTHER_IBAN, bring, make_payout
from tests.payouts_console.conftest import QUEUE, At, person

HTMX = {"HX-Request": "true"}


def seen(payout: PayoutRequest) -> str:
    fresh = PayoutRequest.objects.select_related("payee", "recipient").get(pk=payout.pk)
    return facts_of(fresh).fingerprint()


def act(client: Client, payout: PayoutRequest, verb: str, **data: Any) -> Any:
    """As the dialog does."""
    if verb == "approve":
        data.setdefault("seen", seen(payout))
    return client.post(f"{QUEUE}{payout.pk}/{verb}/", data, headers=HTMX)


def outcomes(payout: PayoutRequest) -> list[tuple[str, str, str]]:
    rows = Entry.objects.filter(subject=f"payout:{payout.pk}").order_by("seq")
    return [(row.action, row.outcome, row.actor_name) for row in rows]


def test_approve_from_the_sheet(at: At) -> None:
    payout = make_payout()
    answer = act(at("ana"), payout, "approve", reason="fine")
    assert answer.status_code == 200 and "Approved" in answer.content.decode()
    fresh = get_payout(payout.pk)
    assert (fresh.status, fresh.reviewed_by, fresh.reason) == ("approved", "ana", "fine")
    assert transfer_of(payout.pk) is not None
    assert outcomes(payout)[-1] == ("payout.approved", "won", "ana")


def test_reject_needs_a_reason(at: At) -> None:
    payout = make_payout()
    client = at("ana")
    assert act(client, payout, "reject").status_code == 422
    assert get_payout(payout.pk).status == "requested"
    assert act(client, payout, "reject", reason="fraud").status_code == 200
    assert get_payout(payout.pk).status == "rejected"


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_who_comes_too_late_is_told_who_won_when_and_why(at: At, verb: str) -> None:
    payout = make_payout()
    signed = seen(payout)
    reject_payout(payout_id=payout.pk, actor=BEN, reason="paid already")
    answer = act(at("ana"), payout, verb, seen=signed, reason="mine")
    page = answer.content.decode()
    assert answer.status_code == 409
    for said in (
        "ben was faster",
        "who rejected it",
        "paid already",
        "no money leaves",
        "data-next",
    ):
        assert said in page
    assert transfer_of(payout.pk) is None
    past = {"approve": "approved", "reject": "rejected"}[verb]
    assert outcomes(payout)[-1] == (f"payout.{past}", "conflict", "ana")


def test_without_a_script_the_race_is_a_page_of_its_own(at: At) -> None:
    payout = make_payout()
    reject_payout(payout_id=payout.pk, actor=BEN, reason="paid already")
    answer = at("ana").post(f"{QUEUE}{payout.pk}/approve/", {"seen": "x"})
    assert answer.status_code == 409
    assert "ben was faster" in answer.content.decode() and "Overview" in answer.content.decode()


def test_what_changed_since_it_was_seen_is_not_signed(at: At) -> None:
    payout = make_payout()
    signed = seen(payout)
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=BEN)
    answer = act(at("ana"), payout, "approve", seen=signed)
    page = answer.content.decode()
    assert answer.status_code == 409 and "Newer details exist" in page
    assert get_payout(payout.pk).status == "requested"
    assert seen(payout) in page, "the fresh sheet can be signed"


def test_nothing_seen_is_nothing_signed(at: At) -> None:
    payout = make_payout()
    assert act(at("ana"), payout, "approve", seen="").status_code == 409
    assert get_payout(payout.pk).status == "requested"


def test_a_large_amount_is_typed(at: At, settings: Settings) -> None:
    settings.STEP_UP_AMOUNT = "1000.00"
    payout = make_payout(amount=Money(123_450, "EUR"))
    client = at("ana")
    for typed in ("", "1234.5x", "1234.60", "123450"):
        answer = act(client, payout, "approve", typed_amount=typed)
        assert answer.status_code == 422 and "type it exactly" in answer.content.decode()
    assert get_payout(payout.pk).status == "requested"
    assert act(client, payout, "approve", typed_amount="1,234.50 EUR").status_code == 200
    assert get_payout(payout.pk).status == "approved"


def test_rules_about_the_reviewer_hold_here_too(at: At, settings: Settings) -> None:
    client = at("ana")
    me = type(BEN)("user", "ana", user_id=person("ana").pk)
    own = make_payout(maker=me)
    unknown = make_payout(kyc="pending")
    big = make_payout(amount=Money(900_000, "EUR"))
    settings.APPROVAL_LIMIT = "200.00"
    for payout, status, said in (
        (own, 403, "You made this request"),
        (unknown, 422, "has not been checked"),
        (big, 403, "would exceed your limit"),
    ):
        answer = act(client, payout, "approve", typed_amount="9000.00")
        assert (answer.status_code, said in answer.content.decode()) == (status, True), said
        assert get_payout(payout.pk).status == "requested"
        assert outcomes(payout)[-1][0] == "payout.approved" and outcomes(payout)[-1][1] != "won"


@pytest.mark.parametrize("role", ["operator", "auditor"])
@pytest.mark.parametrize("verb", ["approve", "reject", "cancel", "retry", "reveal", "kyc"])
def test_only_reviewers_decide_and_the_attempt_is_audited(at: At, role: str, verb: str) -> None:
    payout = make_payout("approved" if verb == "cancel" else "requested")
    before = get_payout(payout.pk)
    answer = act(at(f"the-{role}", role), payout, verb, reason="let me")
    assert answer.status_code == 403
    assert get_payout(payout.pk).version == before.version
    assert outcomes(payout)[-1][1:] == ("denied", f"the-{role}")


def test_whoever_may_look_sees_no_form(at: At) -> None:
    payout = make_payout()
    page = at("ada", "auditor").get(f"{QUEUE}{payout.pk}/change/").content.decode()
    assert "Otto Muster" in page
    for form in ("approve-form", "reject-form", "reveal-reason", "kyc-note"):
        assert form not in page
    integrator = at("shop", "integrator").get(QUEUE)
    assert integrator.status_code in (302, 403)


@pytest.mark.parametrize(
    "verb", ["approve", "reject", "cancel", "retry", "kyc", "reveal", "claim", "release"]
)
def test_get_decides_nothing_and_posts_carry_a_token(at: At, verb: str) -> None:
    payout = make_payout()
    client = at("ana")
    assert client.get(f"{QUEUE}{payout.pk}/{verb}/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(f"{QUEUE}{payout.pk}/{verb}/", {"reason": "x"}).status_code == 403
    assert get_payout(payout.pk).status == "requested"


def test_cancel_stops_both_and_retry_puts_it_back(at: At) -> None:
    payout = make_payout("approved")
    client = at("ana")
    assert act(client, payout, "cancel").status_code == 422
    assert act(client, payout, "cancel", reason="wrong month").status_code == 302
    transfer = transfer_of(payout.pk)
    assert transfer is not None
    assert (get_payout(payout.pk).status, transfer.status) == ("cancelled", "cancelled")
    assert act(client, payout, "retry", reason="right month now").status_code == 302
    assert get_payout(payout.pk).status == "requested"


def test_cancelling_what_a_worker_has_is_refused(at: At) -> None:
    payout = bring(make_payout(), "processing")
    answer = act(at("ana"), payout, "cancel", reason="stop", expected_status="approved")
    assert answer.status_code == 409
    assert get_payout(payout.pk).status == "processing"


def test_full_details_are_shown_once_and_written_down(at: At) -> None:
    payout = make_payout()
    client = at("ana")
    refused = act(client, payout, "reveal")
    assert IBAN not in refused.content.decode()
    answer = act(client, payout, "reveal", reason="bank asks")
    assert IBAN in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    entry = Entry.objects.get(action="payee.recipient_revealed")
    assert (entry.actor_name, entry.reason, entry.outcome) == ("ana", "bank asks", "noted")
    assert IBAN not in str(entry.snapshot)
    assert IBAN not in client.get(f"{QUEUE}{payout.pk}/change/").content.decode()


def test_reissue_only_the_dead_and_only_once(at: At) -> None:
    client = at("ana")
    alive = make_payout("approved")
    form = {"type": "iban", "iban": OTHER_IBAN, "account_holder": "Otto Muster", "reason": "moved"}
    assert "could still be paid" in client.get(f"{QUEUE}{alive.pk}/reissue/").content.decode()
    assert act(client, alive, "reissue", **form).status_code == 409
    dead = make_payout("failed")
    assert "proven dead" in client.get(f"{QUEUE}{dead.pk}/reissue/").content.decode()
    bad = act(client, dead, "reissue", **{**form, "iban": "DE00"})
    assert bad.status_code == 422 and "DE00" not in bad.content.decode()
    assert act(client, dead, "reissue", **form).status_code == 302
    successor = PayoutRequest.objects.get(supersedes=dead)
    assert (successor.status, Recipient.objects.get(pk=successor.recipient_id).masked) == (
        "requested",
        "FR•• •••• 2606",
    )
    assert act(client, dead, "reissue", **form).status_code == 409
    assert PayoutRequest.objects.filter(supersedes=dead).count() == 1
    page = client.get(f"{QUEUE}{dead.pk}/change/").content.decode()
    assert f"request #{successor.pk}" in page


def test_kyc_is_set_where_a_reviewer_misses_it(at: At) -> None:
    payout = make_payout(kyc="pending")
    client = at("ana")
    assert act(client, payout, "kyc", status="approved").status_code == 422
    assert act(client, payout, "kyc", status="approved", note="passport").status_code == 302
    payee = get_payout(payout.pk).payee
    assert (payee.status, payee.kyc_checked_by, payee.kyc_note) == ("approved", "ana", "passport")


def bulk(client: Client, payouts: list[PayoutRequest], verb: str, **data: Any) -> Any:
    form = {f"seen-{one.pk}": seen(one) for one in payouts}
    selected = [one.pk for one in payouts]
    return client.post(f"{QUEUE}bulk/", {"selected": selected, "verb": verb, **form, **data})


def test_bulk_approves_each_by_itself_and_says_what_became_of_it(
    at: At, settings: Settings
) -> None:
    settings.STEP_UP_AMOUNT = "5000.00"
    good, other = make_payout(), make_payout()
    unknown = make_payout(kyc="pending")
    large = make_payout(amount=Money(990_000, "EUR"))
    gone = make_payout()
    everything = [good, other, unknown, large, gone]
    client = at("ana")
    asked = bulk(client, everything, "approve")
    assert "Approve 5 requests?" in asked.content.decode()
    assert get_payout(good.pk).status == "requested", "asking decides nothing"
    reject_payout(payout_id=gone.pk, actor=BEN, reason="twice")
    page = bulk(client, everything, "approve", step="do").content.decode()
    statuses = [get_payout(one.pk).status for one in everything]
    assert statuses == ["approved", "approved", "requested", "requested", "rejected"]
    assert "2 of 5 approved" in page
    rows = {
        one.pk: page.split(f'data-result="{one.pk}"')[1].split("</li>")[0] for one in everything
    }
    assert "Approved" in rows[good.pk]
    assert "KYC is pending" in rows[unknown.pk]
    assert "type the amount" in rows[large.pk]
    assert "Too late" in rows[gone.pk] and "Rejected by ben" in rows[gone.pk]


def test_bulk_signs_only_what_was_seen(at: At) -> None:
    payout, other = make_payout(), make_payout()
    client = at("ana")
    page = bulk(client, [payout, other], "approve", step="do", **{f"seen-{payout.pk}": ""})
    assert get_payout(payout.pk).status == "requested"
    assert get_payout(other.pk).status == "approved"
    assert "1 of 2 approved" in page.content.decode()


def test_bulk_reject_needs_a_reason(at: At) -> None:
    payouts = [make_payout(), make_payout()]
    client = at("ana")
    assert "Say why" in bulk(client, payouts, "reject", step="do").content.decode()
    assert get_payout(payouts[0].pk).status == "requested"
    assert (
        "2 of 2 rejected"
        in bulk(client, payouts, "reject", step="do", reason="no").content.decode()
    )
    assert at("otto", "operator").post(f"{QUEUE}bulk/", {"verb": "reject"}).status_code == 403
