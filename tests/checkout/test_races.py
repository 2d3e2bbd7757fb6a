"""Payments, refunds and disputes that arrive together: the money counts once and goes back at most once."""

import os
from collections import Counter
from functools import partial

import pytest
from django.db.models import F, Sum

from audit.chain import damaged_entries
from checkout.models import CheckoutSession, Dispute, Hold, Payment, Receipt, Refund
from checkout.services.apply_receipt import apply_receipt
from checkout.services.approve_refund import approve_refund
from checkout.services.create_refund import create_refund, refund_receipt
from checkout.services.open_dispute import open_dispute
from checkout.services.process_operation import process_operation
from checkout.services.reject_refund import reject_refund
from checkout.services.resolve_dispute import resolve_dispute
from guard.errors import Refused
from money import Money
from tests.checkout.ledger import (
    ANA,
    BEN,
    OTHER_PAYER,
    SHOP,
    USDC,
    WATCHER,
    make_session,
    operation,
    process,
)
from tests.checkout.racing import race
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding, Transfer

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("CHECKOUT_ROUNDS", "6"))
HUNDRED = Money(1_000_000_000, USDC)


def test_two_payments_and_the_same_hash_three_times_at_once() -> None:
    """200 rounds with CHECKOUT_ROUNDS=200; the stack's own processes join in test_everybody_at_once."""
    endpoint = make_endpoint()
    for _ in range(ROUNDS):
        session = make_session()
        first, second = operation(session), operation(session, sender=OTHER_PAYER)
        brought = [first, first, first, second, second]
        found = race([partial(process_operation, operation=one, actor=WATCHER) for one in brought])
        new = Counter((one.state, one.is_new) for one in found)
        assert new[("applied", True)] == 1 and new[("surplus", True)] == 1, new
        session.refresh_from_db()
        assert session.status == "paid" and session.version == 3
        assert Payment.objects.filter(session=session).count() == 1
        assert Receipt.objects.filter(session=session).count() == 2
        assert endpoint.deliveries.filter(subject=f"checkout_session:{session.pk}").count() == 1
    assert list(damaged_entries()) == []


def test_parts_that_arrive_together_are_all_counted() -> None:
    for _ in range(ROUNDS):
        session = make_session()
        part = session.amount_minor // 4
        parts = [operation(session, amount_minor=part) for _ in range(4)]
        race([partial(process_operation, operation=one, actor=WATCHER) for one in parts])
        session.refresh_from_db()
        assert session.status == "paid"
        paid = Payment.objects.filter(session=session).aggregate(all=Sum("amount_minor"))["all"]
        assert paid == session.amount_minor


def test_a_payment_and_a_persons_hand_at_once() -> None:
    for _ in range(ROUNDS // 2):
        session = make_session()
        lost = process(None)
        hand = partial(
            apply_receipt,
            receipt_id=lost.receipt_id,
            session_id=session.pk,
            reason="called",
            actor=ANA,
        )
        race([hand, partial(process_operation, operation=operation(session), actor=WATCHER)])
        assert Payment.objects.filter(session=session).count() == 1


def paid_session() -> CheckoutSession:
    """Somebody paid a hundred."""
    session = make_session(HUNDRED)
    process(session)
    return session


def nothing_is_promised_twice() -> None:
    assert not Receipt.objects.filter(held_minor__gt=F("amount_minor")).exists()
    for receipt in Receipt.objects.all():
        held = Hold.objects.filter(receipt=receipt, released=False)
        assert receipt.held_minor == sum(one.amount_minor for one in held)


def ask(session: CheckoutSession, amount: str = "60") -> Refund:
    return create_refund(session_id=session.pk, amount=amount, reason="returned", actor=SHOP)


def test_sixty_and_sixty_of_a_hundred() -> None:
    for _ in range(ROUNDS):
        session = paid_session()
        answers = race([partial(ask, session)] * 2)
        refused = [one for one in answers if isinstance(one, Refused)]
        assert [one.code for one in refused] == ["refund_exceeds_payment"]
        assert refused[0].extra["left"] == "40.0000000"
        assert Refund.objects.filter(session=session).count() == 1
    nothing_is_promised_twice()


def test_a_refund_and_a_dispute_in_both_orders_and_at_once() -> None:
    refunded = paid_session()
    ask(refunded, "100")
    dispute = open_dispute(session_id=refunded.pk, actor=SHOP)
    assert dispute.amount_minor == 0
    resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=ANA)
    assert Refund.objects.filter(session=refunded).count() == 1

    disputed = paid_session()
    dispute = open_dispute(session_id=disputed.pk, actor=SHOP)
    with pytest.raises(Refused, match="At most 0"):
        ask(disputed, "1")
    resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=ANA)
    owed = Refund.objects.get(session=disputed)
    assert (owed.status, owed.amount, owed.dispute_id) == ("requested", HUNDRED, dispute.pk)
    with pytest.raises(Refused, match="owed"):
        reject_refund(refund_id=owed.pk, actor=BEN)
    with pytest.raises(Refused):
        ask(disputed, "1")

    for _ in range(ROUNDS):
        session = paid_session()
        race([partial(ask, session, "60"), partial(open_dispute, session_id=session.pk, actor=ANA)])
        dispute = Dispute.objects.get(session=session)
        resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=ANA)
        out = Refund.objects.filter(session=session).aggregate(all=Sum("amount_minor"))["all"]
        assert out == HUNDRED.minor
    nothing_is_promised_twice()


def test_what_a_contract_paid_is_given_back_by_hand() -> None:
    session = make_session(HUNDRED)
    process(session, sender="C" + "A" * 55)
    dispute = open_dispute(session_id=session.pk, actor=SHOP)
    assert resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=ANA).status == "lost"
    assert not Refund.objects.exists()
    assert Finding.objects.get().kind == "give_back_by_hand"
    assert Receipt.objects.get().left_minor == 0


def test_a_won_dispute_frees_its_money() -> None:
    session = paid_session()
    dispute = open_dispute(session_id=session.pk, actor=SHOP)
    resolve_dispute(dispute_id=dispute.pk, outcome="won", actor=ANA)
    assert ask(session, "100").status == "requested"
    with pytest.raises(Refused) as again:
        resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=BEN)
    assert again.value.http_status == 409
    assert again.value.extra["current_status"] == "won"


def test_two_resolve_a_dispute_at_once() -> None:
    for _ in range(ROUNDS // 2):
        session = paid_session()
        dispute = open_dispute(session_id=session.pk, actor=SHOP)
        answers = race(
            [
                partial(resolve_dispute, dispute_id=dispute.pk, outcome=outcome, actor=who)
                for outcome, who in (("won", ANA), ("lost", BEN))
            ]
        )
        assert sum(isinstance(one, Refused) for one in answers) == 1
        dispute.refresh_from_db()
        assert Refund.objects.filter(session=session).count() == (dispute.status == "lost")
    nothing_is_promised_twice()


def test_surplus_goes_back_once_whoever_asks_and_how() -> None:
    for _ in range(ROUNDS):
        session = paid_session()
        surplus = process(session, sender=OTHER_PAYER)
        by_receipt = partial(
            refund_receipt, receipt_id=surplus.receipt_id, amount=None, reason="twice", actor=SHOP
        )
        by_session = partial(
            create_refund,
            session_id=session.pk,
            amount="100",
            reason="twice",
            actor=SHOP,
            receipt_id=surplus.receipt_id,
        )
        answers = race([by_receipt, by_session, by_receipt])
        made = [one for one in answers if isinstance(one, Refund)]
        assert [one.destination for one in made] == [OTHER_PAYER]
    nothing_is_promised_twice()


def test_unmatched_money_goes_back_once_too() -> None:
    stranger = process(None)
    refund = partial(
        refund_receipt, receipt_id=stranger.receipt_id, amount=None, reason="whose?", actor=SHOP
    )
    answers = race([refund] * 4)
    assert sum(isinstance(one, Refund) for one in answers) == 1
    failed = process(None, successful=False)
    with pytest.raises(Refused):
        refund_receipt(receipt_id=failed.receipt_id, amount="1", reason="", actor=SHOP)


def test_one_decision_and_one_transfer_per_refund() -> None:
    for _ in range(ROUNDS):
        refund = ask(paid_session())
        answers = race(
            [
                partial(approve_refund, refund_id=refund.pk, actor=ANA),
                partial(approve_refund, refund_id=refund.pk, actor=BEN),
                partial(reject_refund, refund_id=refund.pk, actor=BEN),
            ]
        )
        refused = [one for one in answers if isinstance(one, Refused)]
        assert [one.code for one in refused] == ["already_decided"] * 2
        refund.refresh_from_db()
        transfers = Transfer.objects.filter(source_type="refund", source_id=refund.pk)
        assert transfers.count() == (refund.status == "approved")
    nothing_is_promised_twice()


def test_who_asked_does_not_approve() -> None:
    refund = ask(paid_session())
    for actor in (SHOP, WATCHER):
        with pytest.raises(Refused) as denied:
            approve_refund(refund_id=refund.pk, actor=actor)
        assert denied.value.http_status == 403
    assert Transfer.objects.count() == 0
