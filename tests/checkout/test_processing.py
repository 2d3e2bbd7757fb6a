"""What one operation is worth: every state of a receipt and its reason, and what of it a session takes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Entry
from checkout.models import CheckoutSession, Hold, Payment, Receipt
from checkout.services.apply_receipt import apply_receipt
from checkout.services.create_refund import create_refund
from checkout.services.expire_sessions import expire_sessions
from checkout.services.open_dispute import open_dispute
from checkout.services.reject_refund import reject_refund
from guard.errors import Refused
from money import Money
from tests.checkout.ledger import (
    ACCOUNT,
    ANA,
    ISSUER,
    OTHER_PAYER,
    SHOP,
    TEN,
    WATCHER,
    make_session,
    operation,
    process,
)
from tests.webhooks.endpoints import make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def status(session: CheckoutSession) -> str:
    session.refresh_from_db()
    return str(session.status)


def test_an_exact_payment_pays_the_session_once_and_tells_it() -> None:
    endpoint = make_endpoint()
    session = make_session()
    found = process(session)
    assert (found.state, found.reason, found.is_new) == ("applied", "", True)
    assert status(session) == "paid"
    assert session.version == 3 and session.paid_at is not None
    payment = Payment.objects.get()
    assert (payment.session_id, payment.receipt_id) == (session.pk, found.receipt_id)
    assert payment.amount == TEN
    assert [one.event_type for one in endpoint.deliveries.all()] == ["checkout.session.paid"]
    steps = Entry.objects.filter(subject=f"checkout_session:{session.pk}").order_by("seq")
    assert [one.new_status for one in steps] == ["pending", "processing", "paid"]


def test_the_same_operation_again_changes_nothing() -> None:
    endpoint = make_endpoint()
    session = make_session()
    same = operation(session)
    values = {name: getattr(same, name) for name in same.__slots__}
    process(**values)
    entries = Entry.objects.count()
    again = process(**values)
    assert (again.state, again.is_new) == ("applied", False)
    assert Receipt.objects.count() == Payment.objects.count() == 1
    assert Entry.objects.count() == entries
    assert endpoint.deliveries.count() == 1


PAYS_NOTHING: list[tuple[dict[str, Any], str, str]] = [
    ({"successful": False}, "failed", "transaction_failed"),
    ({"memo_type": "none", "memo": ""}, "unmatched", "no_memo"),
    ({"memo": "123"}, "unmatched", "unknown_memo"),
    ({"memo_type": "hash"}, "unmatched", "unknown_memo"),
    ({"memo_type": "text", "memo": "for the shoes"}, "unmatched", "unknown_memo"),
    ({"muxed_id": "18446744073709551615"}, "unmatched", "unknown_memo"),
    ({"currency": "XLM"}, "unmatched", "wrong_asset"),
    ({"currency": f"EURC:{ISSUER}"}, "unmatched", "wrong_asset"),
    ({"currency": f"USDC:{ACCOUNT}"}, "unmatched", "wrong_issuer"),
    ({"account": OTHER_PAYER}, "unmatched", "wrong_account"),
    ({"amount_minor": TEN.minor - 1}, "unmatched", "underpaid"),
    ({"kind": "unreadable", "amount_minor": 0}, "unmatched", "unreadable"),
]


def test_what_pays_nothing_says_why() -> None:
    for values, state, reason in PAYS_NOTHING:
        session = make_session()
        found = process(session, **values)
        assert (found.state, found.reason) == (state, reason)
        assert status(session) == "pending" and session.version == 1
        assert Entry.objects.filter(
            subject=f"receipt:{found.receipt_id}", action=f"receipt.{state}"
        )
    assert not Payment.objects.exists()


def test_memo_and_muxed_id_both_name_a_session() -> None:
    for memo_type, memo, muxed in (
        ("text", True, False),
        ("none", False, True),
        ("id", False, True),
    ):
        session = make_session()
        process(
            session,
            memo_type=memo_type,
            memo=session.memo if memo else "5" if memo_type == "id" else "",
            muxed_id=session.memo if muxed else "",
        )
        assert status(session) == "paid"


def test_a_second_payment_is_surplus_and_the_session_is_not_touched() -> None:
    endpoint = make_endpoint()
    session = make_session()
    process(session)
    session.refresh_from_db()
    before = {name: value for name, value in vars(session).items() if name != "_state"}
    second = process(session, sender=OTHER_PAYER)
    assert (second.state, second.reason) == ("surplus", "already_paid")
    session.refresh_from_db()
    assert {name: value for name, value in vars(session).items() if name != "_state"} == before
    assert Payment.objects.count() == 1
    assert endpoint.deliveries.count() == 1
    assert Entry.objects.filter(subject=f"receipt:{second.receipt_id}").count() == 1


def test_more_than_asked_pays_and_the_rest_is_surplus() -> None:
    session = make_session()
    found = process(session, amount_minor=TEN.minor + 5)
    assert (found.state, found.reason) == ("applied", "overpaid")
    assert Payment.objects.get().amount_minor == TEN.minor
    assert Receipt.objects.get().left_minor == TEN.minor + 5


def test_parts_wait_for_a_top_up_and_then_all_of_them_pay() -> None:
    endpoint = make_endpoint()
    session = make_session()
    first = process(session, amount_minor=40_000_000)
    second = process(session, amount_minor=50_000_000, sender=OTHER_PAYER)
    assert [first.reason, second.reason] == ["underpaid", "underpaid"]
    assert status(session) == "pending"
    last = process(session, amount_minor=30_000_000)
    assert (last.state, last.reason) == ("applied", "overpaid")
    assert status(session) == "paid"
    paid = Payment.objects.order_by("id").values_list("amount_minor", flat=True)
    assert list(paid) == [40_000_000, 50_000_000, 10_000_000]
    assert set(Receipt.objects.values_list("status", flat=True)) == {"applied"}
    assert endpoint.deliveries.count() == 1


def test_what_was_paid_in_time_counts_however_late_we_read_it() -> None:
    session = make_session(expires_in=1)
    found = process(session, closed_at=session.expires_at)
    assert found.state == "applied"
    assert status(session) == "paid"


def test_what_was_paid_too_late_is_surplus_and_what_came_in_time_still_counts() -> None:
    session = make_session()
    late = process(session, closed_at=session.expires_at + timedelta(seconds=1))
    assert (late.state, late.reason) == ("surplus", "expired")
    assert status(session) == "pending"
    in_time = process(session, closed_at=session.expires_at)
    assert in_time.state == "applied" and status(session) == "paid"


def test_a_session_that_is_over_leaves_its_parts() -> None:
    endpoint = make_endpoint()
    session = make_session()
    part = process(session, amount_minor=1)
    process(session, closed_at=session.expires_at + timedelta(seconds=1))
    over = session.expires_at + timedelta(seconds=2)
    assert expire_sessions(account=ACCOUNT, known_until=over, actor=WATCHER) == 1
    assert status(session) == "expired"
    assert Receipt.objects.get(pk=part.receipt_id).status == "surplus"
    assert [one.event_type for one in endpoint.deliveries.all()] == ["checkout.session.expired"]


def test_parts_that_are_enough_once_a_refund_is_refused_pay_before_the_session_expires() -> None:
    endpoint = make_endpoint()
    session = make_session()
    process(session, amount_minor=60_000_000)
    refund = create_refund(session_id=session.pk, amount="6", reason="", actor=SHOP)
    assert process(session, amount_minor=50_000_000).reason == "underpaid"
    reject_refund(refund_id=refund.pk, actor=ANA)
    assert status(session) == "pending"
    over = session.expires_at + timedelta(seconds=1)
    assert expire_sessions(account=ACCOUNT, known_until=over, actor=WATCHER) == 0
    assert status(session) == "paid"
    parts = Receipt.objects.order_by("id").values_list("status", "reason")
    assert list(parts) == [("applied", ""), ("applied", "overpaid")]
    paid = Payment.objects.order_by("id").values_list("amount_minor", flat=True)
    assert list(paid) == [60_000_000, 40_000_000]
    assert [one.event_type for one in endpoint.deliveries.all()] == ["checkout.session.paid"]


def test_sessions_expire_only_as_far_as_the_ledger_is_known() -> None:
    session, other = make_session(expires_in=10), make_session(expires_in=20)
    until = session.expires_at + timedelta(seconds=5)
    assert expire_sessions(account=OTHER_PAYER, known_until=until, actor=WATCHER) == 0
    assert expire_sessions(account=ACCOUNT, known_until=until, actor=WATCHER) == 1
    assert expire_sessions(account=ACCOUNT, known_until=until, actor=WATCHER) == 0
    assert [status(session), status(other)] == ["expired", "pending"]
    assert process(session).reason == "expired"


def test_a_person_applies_what_came_without_a_memo() -> None:
    session = make_session()
    lost = process(None)
    receipt = apply_receipt(
        receipt_id=lost.receipt_id, session_id=session.pk, reason="customer called", actor=ANA
    )
    assert (receipt.status, receipt.session_id) == ("applied", session.pk)
    assert status(session) == "paid"
    entries = Entry.objects.count()
    again = apply_receipt(receipt_id=lost.receipt_id, session_id=session.pk, reason="x", actor=ANA)
    assert (again.version, Entry.objects.count()) == (receipt.version, entries)
    other = process(None)
    with pytest.raises(Refused, match="session is paid"):
        apply_receipt(receipt_id=other.receipt_id, session_id=session.pk, reason="x", actor=ANA)


def test_a_person_cannot_apply_too_little_or_another_asset() -> None:
    session = make_session()
    for values in ({"amount_minor": 5}, {"currency": "XLM"}):
        lost = process(None, **values)
        with pytest.raises(Refused):
            apply_receipt(receipt_id=lost.receipt_id, session_id=session.pk, reason="", actor=ANA)
    assert status(session) == "pending"


def test_three_operations_for_two_sessions_and_a_stranger() -> None:
    first, second = make_session(), make_session(Money(7, "XLM"))
    same = operation(first).tx_hash
    process(first, tx_hash=same, memo_type="none", memo="", muxed_id=first.memo)
    process(
        second, tx_hash=same, operation_index=2, memo_type="none", memo="", muxed_id=second.memo
    )
    third = process(None, tx_hash=same, operation_index=3, currency="XLM")
    assert [status(first), status(second)] == ["paid", "paid"]
    assert (third.state, third.reason) == ("unmatched", "no_memo")
    assert Payment.objects.count() == 2


class TestTheDatabaseItself:
    """Shells and bulk updates are refused what services never do."""

    def test_never_more_than_what_is_asked(self) -> None:
        session = make_session()
        process(session)
        extra = process(session)
        with pytest.raises(IntegrityError, match="more"):
            Payment.objects.create(receipt_id=extra.receipt_id, session=session, amount_minor=1)

    def test_one_receipt_for_an_operation(self) -> None:
        receipt = Receipt.objects.get(pk=process(None).receipt_id)
        receipt.pk = None
        with pytest.raises(IntegrityError, match="one_receipt_per_operation"):
            receipt.save(force_insert=True)

    def test_no_more_is_held_than_came_in(self) -> None:
        session = make_session()
        process(session)
        (receipt,) = Receipt.objects.filter(session=session)
        dispute = open_dispute(session_id=session.pk, actor=ANA)
        with pytest.raises(IntegrityError, match="gives_back_at_most"):
            Hold.objects.create(receipt=receipt, dispute=dispute, amount_minor=1)

    def test_what_came_in_never_changes(self) -> None:
        process(None)
        with pytest.raises(IntegrityError, match="never changes"):
            Receipt.objects.update(amount_minor=1)
        with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
            Receipt.objects.all()._raw_delete("default")

    def test_what_is_asked_never_changes(self) -> None:
        make_session()
        with pytest.raises(IntegrityError, match="never changes"):
            CheckoutSession.objects.update(amount_minor=1)

    def test_a_payment_is_in_the_sessions_asset(self) -> None:
        session = make_session()
        other = process(session, currency="XLM")
        with pytest.raises(IntegrityError, match="does not hold"):
            Payment.objects.create(
                receipt_id=other.receipt_id, session=session, amount_minor=TEN.minor
            )
