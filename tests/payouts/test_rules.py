"""Four eyes, KYC and the daily limit: refused in the service, the API, a shell and SQL, and audited with numbers."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import Entry
from guard.errors import PermissionDenied, Refused
from money import MAX_MINOR, Money
from payouts.errors import (
    AlreadyDecided,
    ApprovalLimitExceeded,
    ApprovalStale,
    KycIncomplete,
    ObligationLive,
    SelfApproval,
)
from payouts.models import Approval, ApprovalLimit, PayoutRequest
from payouts.policy import base_minor, is_proven_dead, rail_pays, region_of, within_drift
from payouts.quotes import Quote
from payouts.selectors import facts_of, transfer_of
from payouts.services.add_recipient import add_recipient
from payouts.services.approve_payout import approve_payout
from payouts.services.refresh_quote import refresh_quote
from payouts.services.reject_payout import reject_payout
from payouts.services.set_kyc import set_kyc
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    ANA,
    BEN,
    MAKER,
    MOVED_TO,
    WORKER,
    add_transfer,
    commit_now,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.models import Transfer

pytestmark = pytest.mark.django_db

Way = Callable[[int, int, str], None]


def _by_queryset(payout_id: int, reviewer_id: int, name: str) -> None:
    PayoutRequest.objects.filter(pk=payout_id).update(
        status="approved",
        reviewed_by=name,
        reviewed_by_id=reviewer_id,
        reviewed_at=timezone.now(),
        approval_fingerprint="f" * 64,
    )


def _by_sql(payout_id: int, reviewer_id: int, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET status = 'approved', version = version + 1, reviewed_by = %s, "
            "reviewed_by_id = %s, reviewed_at = now(), approval_fingerprint = 'f' WHERE id = %s",
            [name, reviewer_id, payout_id],
        )


AROUND = pytest.mark.parametrize("way", [_by_queryset, _by_sql])


def _last(payout: PayoutRequest) -> Entry:
    return Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")


def _nothing_moved(payout: PayoutRequest) -> None:
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"
    assert transfer_of(payout.pk) is None
    assert not Approval.objects.filter(payout=payout).exists()


# --- Maker is not checker -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [approve_payout, set_payout_status])
def test_nobody_approves_their_own_request(verb: Any) -> None:
    payout = make_payout(maker=ANA)
    more = {"status": "approved"} if verb is set_payout_status else {}
    with pytest.raises(SelfApproval):
        verb(payout_id=payout.pk, actor=ANA, **more)
    _nothing_moved(payout)
    assert (_last(payout).outcome, _last(payout).reason) == ("denied", "self_approval")


@AROUND
def test_nobody_approves_their_own_request_around_the_door(way: Way) -> None:
    make_payout("approved")
    payout = make_payout(maker=ANA)
    with pytest.raises(IntegrityError, match="its maker may not approve it"), transaction.atomic():
        way(payout.pk, ANA.user_id or 0, "ana")
    _nothing_moved(payout)


def test_a_superuser_neither_and_not_through_another_token(
    caller: Callable[..., Caller], ana: Caller
) -> None:
    User.objects.filter(pk=ana.user.pk).update(is_superuser=True)
    body = {
        "payee": {"external_id": "p-1"},
        "amount": "10.00",
        "currency": "EUR",
        "rail": "wise",
        "recipient": {
            "type": "iban",
            "iban": "DE89370400440532013000",
            "account_holder": "Otto M",
        },
    }
    payout = ana.post("payouts", body, idempotency_key="k").json()
    set_kyc(external_id="p-1", status="approved", actor=BEN)
    for asked in (ana, Caller(ana.user, "review")):
        answer = asked.post(f"payouts/{payout['id']}/approve")
        assert (answer.status_code, answer.json()["code"]) == (403, "self_approval")
        answer = asked.put(f"payouts/{payout['id']}/status", {"status": "approved"})
        assert (answer.status_code, answer.json()["code"]) == (403, "self_approval")


def test_the_maker_may_take_a_request_back() -> None:
    payout = make_payout(maker=ANA)
    assert reject_payout(payout_id=payout.pk, actor=ANA).status == "rejected"


def test_a_program_without_a_person_approves_nothing() -> None:
    payout = make_payout()
    with pytest.raises(PermissionDenied):
        approve_payout(payout_id=payout.pk, actor=WORKER)
    _nothing_moved(payout)
    assert _last(payout).outcome == "denied"


@AROUND
def test_an_approval_around_the_door_names_a_person(way: Way) -> None:
    payout = make_payout()
    with pytest.raises(IntegrityError, match="names its reviewer"), transaction.atomic():
        way(payout.pk, 9002, "")


# --- KYC ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kyc", ["pending", "expired"])
def test_without_kyc_nothing_is_approved(kyc: str, ben: Caller) -> None:
    payout = make_payout(kyc=kyc)
    with pytest.raises(KycIncomplete):
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert (_last(payout).outcome, _last(payout).snapshot["kyc_status"]) == ("conflict", kyc)
    answer = ben.post(f"payouts/{payout.pk}/approve")
    assert (answer.status_code, answer.json()["code"]) == (422, "kyc_incomplete")
    _nothing_moved(payout)


@AROUND
def test_without_kyc_nothing_is_approved_around_the_door(way: Way) -> None:
    make_payout("approved")
    payout = make_payout(kyc="pending")
    with (
        pytest.raises(IntegrityError, match="KYC of its payee is not approved"),
        transaction.atomic(),
    ):
        way(payout.pk, 9003, "ben")
    _nothing_moved(payout)


def test_kyc_that_falls_between_check_and_write_is_refused_by_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payout = make_payout(kyc="pending")
    monkeypatch.setattr("payouts.services.approve_payout.refusal_of", lambda review: None)
    with pytest.raises(KycIncomplete):
        approve_payout(payout_id=payout.pk, actor=BEN)
    _nothing_moved(payout)
    assert (_last(payout).outcome, _last(payout).reason) == ("conflict", "kyc_incomplete")


# --- The daily limit ----------------------------------------------------------------------------------


@pytest.fixture
def small_limit(settings: Settings) -> None:
    """250 USD a day, 1 EUR = 1 USD, so that two payouts of 100 fit."""
    settings.APPROVAL_LIMIT = "250.00"
    settings.BASE_RATES = {"EUR": Decimal(1)}


def test_over_the_limit_is_refused_with_its_numbers(small_limit: None) -> None:
    for _ in range(2):
        approve_payout(payout_id=make_payout().pk, actor=BEN)
    payout = make_payout()
    with pytest.raises(ApprovalLimitExceeded) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN)
    numbers = {"limit": "250.00", "used": "200.00", "remaining": "50.00", "asked": "100.00"}
    assert refusal.value.extra == {**numbers, "base_currency": "USD"}
    entry = _last(payout)
    assert (entry.outcome, entry.reason) == ("denied", "approval_limit_exceeded")
    assert numbers.items() <= entry.snapshot.items()
    _nothing_moved(payout)
    assert approve_payout(payout_id=payout.pk, actor=ANA).status == "approved"


def test_exactly_the_limit_fits(small_limit: None, settings: Settings) -> None:
    settings.APPROVAL_LIMIT = "200.00"
    for _ in range(2):
        approve_payout(payout_id=make_payout().pk, actor=BEN)
    with pytest.raises(ApprovalLimitExceeded):
        approve_payout(payout_id=make_payout(amount=Money(1, "EUR")).pk, actor=BEN)


def test_over_the_limit_in_the_api(small_limit: None, ben: Caller) -> None:
    payout = make_payout(amount=Money(25_001, "EUR"))
    answer = ben.post(f"payouts/{payout.pk}/approve")
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_limit_exceeded")
    assert answer.json()["remaining"] == "250.00"


@AROUND
def test_over_the_limit_around_the_door(small_limit: None, way: Way) -> None:
    approve_payout(payout_id=make_payout().pk, actor=BEN)
    approve_payout(payout_id=make_payout().pk, actor=BEN)
    payout = make_payout()
    with pytest.raises(IntegrityError, match="20000 used of 25000"), transaction.atomic():
        way(payout.pk, BEN.user_id or 0, "ben")
    _nothing_moved(payout)
    way(payout.pk, ANA.user_id or 0, "ana")
    assert Approval.objects.get(payout=payout).base_minor == 10_000
    add_transfer(payout)


@AROUND
@pytest.mark.parametrize("earlier", ["", "cancelled"])
def test_an_approval_around_the_door_without_a_transfer_is_not_committed(
    way: Way, earlier: str
) -> None:
    """It would look approved and wait for ever: no sweep works on what has no transfer, or a dead one."""
    payout = make_payout(earlier or "requested")
    if earlier:
        set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    make_payout("approved")

    def approve_alone() -> None:
        with transaction.atomic():
            way(payout.pk, BEN.user_id or 0, "ben")
            commit_now()

    with pytest.raises(IntegrityError, match="an approval has its transfer"):
        approve_alone()
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"
    with transaction.atomic():
        way(payout.pk, BEN.user_id or 0, "ben")
        if earlier:
            move_transfer(payout.pk, "pending", tell=False)
        else:
            add_transfer(payout)
        commit_now()


@AROUND
def test_before_anybody_knows_a_limit_sql_approves_nothing(way: Way) -> None:
    payout = make_payout()
    assert not ApprovalLimit.objects.exists()
    with pytest.raises(IntegrityError, match="used of"), transaction.atomic():
        way(payout.pk, 9003, "ben")


def test_a_cancelled_approval_still_counts(small_limit: None) -> None:
    for _ in range(2):
        payout = make_payout()
        approve_payout(payout_id=payout.pk, actor=BEN)
        set_payout_status(payout_id=payout.pk, status="cancelled", actor=ANA)
    with pytest.raises(ApprovalLimitExceeded):
        approve_payout(payout_id=make_payout().pk, actor=BEN)


def test_what_is_older_than_a_day_does_not_count(small_limit: None) -> None:
    payout = make_payout()
    Approval.objects.create(
        payout=payout,
        reviewer_id=BEN.user_id or 0,
        base_minor=25_000,
        at=timezone.now() - datetime.timedelta(hours=24, seconds=1),
    )
    assert approve_payout(payout_id=payout.pk, actor=BEN).status == "approved"


def test_what_nobody_can_convert_is_not_approved(settings: Settings) -> None:
    settings.BASE_RATES = {}
    payout = make_payout()
    with pytest.raises(ApprovalLimitExceeded, match="no rate"):
        approve_payout(payout_id=payout.pk, actor=BEN)
    _nothing_moved(payout)


def test_the_quote_counts_before_the_rates(small_limit: None) -> None:
    payout = make_payout()
    refresh_quote(payout_id=payout.pk, quoter=_quoter("251.00"))
    with pytest.raises(ApprovalLimitExceeded, match=r"251\.00 USD"):
        approve_payout(payout_id=payout.pk, actor=BEN)


def test_an_approval_in_the_ledger_is_never_changed() -> None:
    make_payout("approved")
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Approval.objects.update(base_minor=0)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Approval.objects.all().delete()


# --- What was decided before, and what was seen -------------------------------------------------------


def test_a_decision_that_was_made_counts_before_any_rule_about_the_reviewer() -> None:
    payout = make_payout("rejected", maker=BEN)
    with pytest.raises(AlreadyDecided) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert refusal.value.extra["current_reviewer"] == "ana"
    assert refusal.value.extra["decision_reason"] == "no"
    assert refusal.value.extra["decided_at"] is not None
    assert (_last(payout).outcome, _last(payout).actor_name) == ("conflict", "ben")


def test_the_true_winner_is_the_reviewer_not_the_worker_that_moved_it_on() -> None:
    payout = make_payout("paid")
    with pytest.raises(AlreadyDecided) as refusal:
        reject_payout(payout_id=payout.pk, actor=BEN)
    assert refusal.value.extra["current_reviewer"] == "ana"
    assert refusal.value.extra["decision_reason"] == "fine"
    assert refusal.value.extra["current_status"] == "paid"


def test_another_version_is_a_conflict_and_names_nobody() -> None:
    payout = make_payout()
    refresh_quote(payout_id=payout.pk, quoter=_quoter("115.00"))
    with pytest.raises(AlreadyDecided) as refusal:
        approve_payout(payout_id=payout.pk, actor=BEN, expected_version=1)
    assert refusal.value.extra["current_version"] == 2
    assert refusal.value.extra["current_reviewer"] is None
    assert approve_payout(payout_id=payout.pk, actor=BEN, expected_version=2).version == 3


def test_a_screen_that_is_out_of_date_approves_nothing() -> None:
    payout = make_payout()
    seen = facts_of(payout).fingerprint()
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)
    with pytest.raises(ApprovalStale):
        approve_payout(payout_id=payout.pk, actor=BEN, seen_fingerprint=seen)
    now = facts_of(PayoutRequest.objects.get(pk=payout.pk)).fingerprint()
    approved = approve_payout(payout_id=payout.pk, actor=BEN, seen_fingerprint=now)
    assert approved.approval_fingerprint == now != seen


def test_approval_and_transfer_are_one_commit_and_both_are_audited() -> None:
    payout = make_payout()
    approved = approve_payout(payout_id=payout.pk, actor=BEN, reason="invoice 7")
    assert (approved.reviewed_by, approved.reviewed_by_id, approved.reason) == (
        "ben",
        BEN.user_id,
        "invoice 7",
    )
    transfer = the_transfer(payout.pk)
    assert (transfer.status, transfer.amount, transfer.rail) == ("pending", payout.amount, "wise")
    assert transfer.source_reference == str(payout.pk)
    entry = _last(payout)
    assert (entry.actor_name, entry.reason, entry.request_id) == ("ben", "invoice 7", "req-ben")
    assert entry.snapshot["fingerprint"] == approved.approval_fingerprint
    told = Entry.objects.get(subject=f"transfer:{transfer.pk}")
    assert (told.action, told.new_status, told.actor_name) == ("transfer.pending", "pending", "ben")


def test_a_transfer_that_cannot_be_written_undoes_the_approval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payout = make_payout()
    values = {"status": "pending"}  # no amount: the database refuses the row
    monkeypatch.setattr("payouts.services.approve_payout._new_transfer", lambda payout: values)
    with pytest.raises(IntegrityError):
        approve_payout(payout_id=payout.pk, actor=BEN)
    _nothing_moved(payout)


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_another_round_uses_the_same_transfer(ended: str) -> None:
    payout = make_payout(ended)
    first = the_transfer(payout.pk)
    set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    again = PayoutRequest.objects.get(pk=payout.pk)
    assert (again.reviewed_by, again.reviewed_at, again.approval_fingerprint) == ("", None, "")
    approve_payout(payout_id=payout.pk, actor=BEN)
    transfer = the_transfer(payout.pk)
    assert (transfer.pk, transfer.status) == (first.pk, "pending")
    assert Transfer.objects.filter(source_type="payout", source_id=payout.pk).count() == 1


def test_a_request_whose_transfer_moved_money_is_not_approved_again() -> None:
    payout = make_payout("failed")
    set_payout_status(payout_id=payout.pk, status="requested", actor=ANA)
    move_transfer(payout.pk, "pending", tell=False)
    move_transfer(payout.pk, "processing", tell=False)
    with pytest.raises(ObligationLive):
        approve_payout(payout_id=payout.pk, actor=BEN)
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"


@pytest.mark.parametrize("status", ["paid", "failed"])
def test_what_only_the_rail_can_say_is_not_said_by_hand(status: str) -> None:
    payout = make_payout("processing")
    with pytest.raises(ObligationLive):
        set_payout_status(payout_id=payout.pk, status=status, actor=ANA)
    assert PayoutRequest.objects.get(pk=payout.pk).status == "processing"
    assert (_last(payout).outcome, _last(payout).reason) == ("conflict", "obligation_live")


def test_an_unknown_status_or_payout_is_refused() -> None:
    payout = make_payout()
    wrong: list[dict[str, Any]] = [
        {"status": "gone"},
        {"status": "approved", "expected_status": "gone"},
    ]
    for words in wrong:
        with pytest.raises(Refused) as refusal:
            set_payout_status(payout_id=payout.pk, actor=ANA, **words)
        assert refusal.value.code == "validation_error"
    for verb in (approve_payout, reject_payout):
        with pytest.raises(Refused) as refusal:
            verb(payout_id=0, actor=ANA)
        assert refusal.value.http_status == 404


# --- Pure rules ---------------------------------------------------------------------------------------


def _quoter(source: str) -> Any:
    def ask(payout: PayoutRequest) -> Quote:
        expires = timezone.now() + datetime.timedelta(minutes=30)
        return Quote(
            "0.87", Money(99, "USD"), Money.parse(source, "USD"), expires_at=expires, reference="q"
        )

    return ask


def test_what_counts_against_a_limit_is_rounded_up() -> None:
    rates = {"EUR": Decimal("1.001"), "JPY": Decimal("0.007"), "XLM": Decimal("0.1")}
    assert base_minor(Money(1, "EUR"), None, base="USD", rates=rates) == 2
    assert base_minor(Money(1000, "JPY"), None, base="USD", rates=rates) == 700
    assert base_minor(Money(10_000_000, "XLM"), None, base="USD", rates=rates) == 10
    assert base_minor(Money(5, "USD"), None, base="USD", rates={}) == 5
    assert base_minor(Money(5, "GBP"), None, base="USD", rates=rates) is None
    assert base_minor(Money(MAX_MINOR, "EUR"), None, base="USD", rates=rates) is None
    quote = {"source_minor": 777, "source_currency": "USD"}
    assert base_minor(Money(5, "GBP"), quote, base="USD", rates={}) == 777


def test_drift_is_bounded_upwards_in_the_same_currency() -> None:
    signed, two = Money(10_000, "USD"), Decimal(2)
    assert within_drift(signed, Money(10_200, "USD"), two)
    assert not within_drift(signed, Money(10_201, "USD"), two)
    assert within_drift(signed, Money(1, "USD"), two)
    assert not within_drift(signed, Money(10_000, "EUR"), two)


@pytest.mark.parametrize(
    ("payout", "transfer", "dead"),
    [
        ("rejected", None, True),
        ("cancelled", "cancelled", True),
        ("failed", "failed", True),
        ("failed", "processing", False),
        ("paid", "success", False),
        ("paid", "returned", True),
        ("paid", "reversed", True),
        ("requested", None, False),
        ("approved", "pending", False),
        ("processing", "failed", False),
    ],
)
def test_only_the_dead_are_reissued(payout: str, transfer: str | None, dead: bool) -> None:
    assert is_proven_dead(payout, transfer) is dead


def test_rails_and_regions() -> None:
    assert rail_pays("wise", "EUR") and not rail_pays("wise", "XLM")
    assert rail_pays("stellar", "XLM") and not rail_pays("stellar", "EUR")
    assert not rail_pays("stellar", "USDC") and not rail_pays("wise", "USDC")
    mine = {"USDC": "G…", "EUR": "G…"}
    assert rail_pays("stellar", "USDC", stellar_codes=mine)
    assert rail_pays("stellar", "EUR", stellar_codes=mine)
    assert rail_pays("wise", "EUR", stellar_codes=mine)
    assert [region_of(one) for one in ("DE", "TR", "US", "")] == ["EU", "TR", "US", "OTHER"]
