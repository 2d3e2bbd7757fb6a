"""A refund from the request to the ledger: real payments in, real payments back, Horizon's books as the judge."""

import base64
from functools import partial

import pytest
from django.db import transaction
from stellar_sdk import Keypair, MuxedAccount, TransactionBuilder

from audit.models import Entry
from checkout.models import CheckoutSession, Hold, Receipt, Refund
from checkout.services.approve_refund import approve_refund
from checkout.services.create_refund import create_refund, refund_receipt
from checkout.services.open_dispute import open_dispute
from checkout.services.resolve_dispute import resolve_dispute
from checkout.services.watch_account import watch_account
from checkout.source import RefundSource
from guard.door import change_status
from guard.errors import Conflicted, IllegalTransition, Refused
from money import Money
from tests.checkout.ledger import ANA, BEN, SHOP, WATCHER, make_session, process
from tests.checkout.racing import race
from tests.payouts.conftest import Caller
from tests.sandbox_horizon import SandboxHorizon
from tests.stack import Stack, wait_until
from tests.transfers.stellar_steps import envelope, let_time_pass, work_until_known
from tests.transfers.steps import work, work_when_due
from tests.webhooks.endpoints import data_of, make_endpoint, told
from transfers.models import Finding, StellarEnvelope, Transfer
from transfers.services.retry_transfer import retry_transfer
from transfers.services.work_transfer import work_transfer
from webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = Money(50_000_000, "XLM")
SUBMIT = "transactions.submit"
REFUND_EVENTS = ("refund.succeeded", "refund.failed")


@pytest.fixture(autouse=True)
def _ledger(_receiving: None, stellar: SandboxHorizon) -> None:
    """The sandbox's network; its receiving account is set after the tests' own."""


@pytest.fixture
def endpoint() -> WebhookEndpoint:
    """What integrators are told of refunds."""
    return make_endpoint("https://shop.example/hooks", *REFUND_EVENTS)


def payer(stellar: SandboxHorizon) -> Keypair:
    """A customer whose account only these tests pay."""
    key = Keypair.random()
    stellar.fund(key.public_key, "1000")
    return key


def paid_by(stellar: SandboxHorizon, key: Keypair, *, times: int = 1) -> CheckoutSession:
    """A session of five that `key` paid, perhaps more than once."""
    session = make_session(FIVE)
    for _ in range(times):
        stellar.pay(session.memo, "5", source=key)
    watch_account(account=stellar.receiving)
    session.refresh_from_db()
    assert session.status == "paid"
    return session


def transfer_of(refund: Refund) -> Transfer:
    return Transfer.objects.get(source_type="refund", source_id=refund.pk)


def approved(refund: Refund) -> Transfer:
    """Another person said yes."""
    assert approve_refund(refund_id=refund.pk, actor=ANA).status == "approved"
    return transfer_of(refund)


def asked(session: CheckoutSession, amount: str = "5") -> Refund:
    return create_refund(session_id=session.pk, amount=amount, reason="returned", actor=SHOP)


def status(refund: Refund) -> str:
    refund.refresh_from_db()
    return str(refund.status)


def steps(refund: Refund) -> list[str]:
    """What the audit log says happened, in order."""
    entries = Entry.objects.filter(subject=f"refund:{refund.pk}").order_by("seq")
    return [one.action.removeprefix("refund.") for one in entries]


def held(refund: Refund) -> int:
    """Stroops that it keeps from being promised to anybody else."""
    return sum(one.amount_minor for one in Hold.objects.filter(refund=refund, released=False))


def test_from_the_request_to_the_ledger(stellar: SandboxHorizon, endpoint: WebhookEndpoint) -> None:
    key = payer(stellar)
    refund = asked(paid_by(stellar, key))
    with pytest.raises(Refused, match="another person"):
        approve_refund(refund_id=refund.pk, actor=SHOP)
    transfer = approved(refund)
    before = Money.parse(stellar.balance(key.public_key), "XLM")
    assert (stellar.times_paid(key.public_key), told(endpoint)) == (0, [])
    transfer = work(transfer)
    assert (transfer.status, status(refund)) == ("success", "refunded")
    assert steps(refund)[-3:] == ["approved", "processing", "refunded"]
    assert Money.parse(stellar.balance(key.public_key), "XLM") - before == FIVE
    assert stellar.times_paid(key.public_key) == 1
    assert told(endpoint) == ["refund.succeeded"]
    said = data_of(endpoint.deliveries.get())
    assert (said["id"], said["status"], said["amount"]) == (refund.pk, "refunded", "5.0000000")
    assert held(refund) == FIVE.minor
    # The transaction says which one it gives back.
    receipt = Receipt.objects.get(holds__refund=refund)
    booked = stellar.server.transactions().transaction(envelope(transfer).hash).call()
    assert booked["memo_type"] == "return"
    assert base64.b64decode(booked["memo"]).hex() == receipt.tx_hash
    # Neither another turn nor another request pays again.
    work_when_due(transfer)
    with pytest.raises(Refused, match="At most 0"):
        asked(CheckoutSession.objects.get(), "1")
    assert stellar.times_paid(key.public_key) == 1 and told(endpoint) == ["refund.succeeded"]


@pytest.mark.parametrize(
    "fault", ["lost_answer", "504_later", "drop_before", "bad_seq_lie", "500_after"]
)
def test_nobody_knows_in_between_and_it_is_paid_once(
    fault: str, stellar: SandboxHorizon, endpoint: WebhookEndpoint
) -> None:
    key = payer(stellar)
    session = paid_by(stellar, key)
    refund = asked(session)
    stellar.set_fault(fault, operation=SUBMIT)
    transfer = work(approved(refund))
    if transfer.status == "processing":
        assert (transfer.outcome_unknown, status(refund)) == (True, "processing")
        assert held(refund) == FIVE.minor and told(endpoint) == []
        with pytest.raises(Refused, match="At most 0"):
            asked(session, "1")
        with pytest.raises(Refused, match="do not pay this by hand"):
            retry_transfer(transfer_id=transfer.pk, actor=ANA)
        transfer = work_until_known(stellar, transfer)
    assert (transfer.status, status(refund)) == ("success", "refunded")
    assert stellar.times_paid(key.public_key) == 1
    assert told(endpoint) == ["refund.succeeded"]
    assert not Finding.objects.exists()


def test_proven_never_to_have_been_taken_it_frees_its_hold(
    stellar: SandboxHorizon, endpoint: WebhookEndpoint
) -> None:
    key = payer(stellar)
    session = paid_by(stellar, key)
    refund = asked(session)
    transfer = approved(refund)
    stellar.set_fault("drop_before", times=None, operation=SUBMIT)
    for _ in range(3):
        transfer = work_when_due(transfer)
        assert status(refund) == "processing" and held(refund) == FIVE.minor
        let_time_pass(stellar)
        work_when_due(transfer)
        transfer = work_when_due(transfer)
    assert (transfer.status, transfer.failure_code) == ("failed", "not_executed")
    assert (status(refund), held(refund)) == ("failed", 0)
    assert told(endpoint) == ["refund.failed"] and stellar.times_paid(key.public_key) == 0
    stellar.clear_faults()
    # What it held may be in another refund by now: only a new request sends it.
    with pytest.raises(IllegalTransition):
        retry_transfer(transfer_id=transfer.pk, actor=ANA)
    transfer.refresh_from_db()
    assert (transfer.status, status(refund)) == ("failed", "failed")
    second = asked(session)
    assert work(approved(second)).status == "success"
    assert stellar.times_paid(key.public_key) == 1
    assert told(endpoint) == ["refund.failed", "refund.succeeded"]


def test_an_account_that_cannot_take_it_back_fails_it_before_anything_is_signed(
    stellar: SandboxHorizon, endpoint: WebhookEndpoint
) -> None:
    gone, picky = Keypair.random().public_key, stellar.address("payee memo")
    for sender, code in ((gone, "op_no_destination"), (picky, "memo_required")):
        came = process(None, sender=sender, currency="XLM", amount_minor=FIVE.minor)
        refund = refund_receipt(
            receipt_id=came.receipt_id, amount=None, reason="whose?", actor=SHOP
        )
        transfer = work(approved(refund))
        assert (transfer.status, transfer.failure_code) == ("failed", code)
        assert (status(refund), held(refund)) == ("failed", 0)
        assert not transfer.attempts.filter(stellar_payment__isnull=False).exists()
    assert told(endpoint) == ["refund.failed"] * 2
    assert stellar.times_paid(picky) == 0


def test_a_muxed_sender_gets_it_under_their_own_number(stellar: SandboxHorizon) -> None:
    key = payer(stellar)
    muxed = MuxedAccount(key.public_key, 4711)
    session = make_session(FIVE)
    account = stellar.server.load_account(key.public_key)
    account.account = muxed
    builder = TransactionBuilder(account, stellar.passphrase, 100).add_time_bounds(0, 2**40)
    builder.add_text_memo(session.memo)
    signed = builder.append_payment_op(stellar.receiving, stellar.asset("native"), "5").build()
    signed.sign(key)
    stellar.submit(signed)
    watch_account(account=stellar.receiving)
    refund = asked(session)
    assert refund.destination == muxed.account_muxed
    transfer = work(approved(refund))
    assert (transfer.status, status(refund)) == ("success", "refunded")
    back = [one for one in stellar.books()["operations"] if one["to"] == key.public_key]
    assert [one["to_muxed"] for one in back] == [muxed.account_muxed]


def test_surplus_and_money_that_names_nobody_go_back_once_each(
    stellar: SandboxHorizon, endpoint: WebhookEndpoint
) -> None:
    key = payer(stellar)
    session = paid_by(stellar, key, times=2)
    stellar.pay("whose?", "3", source=key)
    watch_account(account=stellar.receiving)
    surplus = Receipt.objects.get(session=session, status="surplus")
    stranger = Receipt.objects.get(session=None, sender=key.public_key)
    before = Money.parse(stellar.balance(key.public_key), "XLM")
    for receipt in (surplus, stranger):
        give = partial(refund_receipt, receipt_id=receipt.pk, amount=None, reason="", actor=SHOP)
        made = [one for one in race([give] * 3) if isinstance(one, Refund)]
        assert len(made) == 1
        # Two workers take it up at the same moment.
        transfer = approved(made[0])
        race([partial(work_transfer, transfer_id=transfer.pk)] * 2)
        work_until_known(stellar, transfer)
        assert status(made[0]) == "refunded"
    back = Money.parse(stellar.balance(key.public_key), "XLM") - before
    assert back == Money(80_000_000, "XLM")
    assert stellar.times_paid(key.public_key) == 2
    assert told(endpoint) == ["refund.succeeded"] * 2
    session.refresh_from_db()
    assert session.status == "paid"


def test_a_lost_dispute_is_paid_back_once(
    stellar: SandboxHorizon, endpoint: WebhookEndpoint
) -> None:
    key = payer(stellar)
    session = paid_by(stellar, key)
    dispute = open_dispute(session_id=session.pk, actor=SHOP)
    resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=BEN)
    refund = Refund.objects.get(dispute=dispute)
    assert work(approved(refund)).status == "success"
    assert status(refund) == "refunded" and held(refund) == FIVE.minor
    with pytest.raises(Refused, match="At most 0"):
        asked(session, "1")
    assert stellar.times_paid(key.public_key) == 1 and told(endpoint) == ["refund.succeeded"]


def test_a_lost_dispute_that_cannot_be_paid_back_is_still_owed(stellar: SandboxHorizon) -> None:
    session = make_session(FIVE)
    process(session, account=stellar.receiving, sender=Keypair.random().public_key)
    dispute = open_dispute(session_id=session.pk, actor=SHOP)
    resolve_dispute(dispute_id=dispute.pk, outcome="lost", actor=BEN)
    refund = Refund.objects.get(dispute=dispute)
    assert work(approved(refund)).status == "failed"
    assert (status(refund), held(refund)) == ("failed", 0)
    assert asked(session).status == "requested"


def test_through_the_api_and_a_worker_that_is_killed_over_it(
    stellar: SandboxHorizon, endpoint: WebhookEndpoint, shop: Caller, ana: Caller
) -> None:
    """Processes of their own: one dies while nobody knows, the next one asks instead of paying again."""
    key = payer(stellar)
    session = paid_by(stellar, key)
    with Stack(web=False, environment=stellar.environment_of_the_product()) as stack:
        stellar.hold()
        made = shop.post(
            f"checkout/sessions/{session.pk}/refunds",
            {"amount": "5", "reason": "returned"},
            Idempotency_Key="r",
        )
        assert made.status_code == 201, made.content
        said = ana.post(f"refunds/{made.json()['id']}/approve", {"reason": "fine"})
        assert said.status_code == 200, said.content
        sent = StellarEnvelope.objects.filter(send_count__gt=0)
        wait_until(sent.exists, seconds=40, why=stack.log_tail())
        stack.kill_worker()
        refund = Refund.objects.get()
        assert (status(refund), told(endpoint)) == ("processing", [])
        stellar.calm()
        stack.start_worker()
        wait_until(lambda: status(refund) == "refunded", seconds=60, why=stack.log_tail())
    assert stellar.times_paid(key.public_key) == 1 and sent.count() == 1
    assert told(endpoint) == ["refund.succeeded"]


class TestWhatATransferTellsItsRefund:
    """Each call as the transfer's own transaction makes it."""

    @pytest.fixture
    def refund(self, stellar: SandboxHorizon) -> Refund:
        came = process(None, sender=stellar.address("payee 1"), currency="XLM")
        refund = refund_receipt(receipt_id=came.receipt_id, amount=None, reason="?", actor=SHOP)
        approved(refund)
        refund.refresh_from_db()
        return refund

    def tell(self, refund: Refund, to: str) -> None:
        with transaction.atomic():
            RefundSource().transfer_changed(
                transfer_of(refund), to=to, actor=WATCHER, reason="told"
            )

    def test_a_start_and_its_end(self, refund: Refund) -> None:
        self.tell(refund, "processing")
        assert status(refund) == "processing"
        self.tell(refund, "processing")
        self.tell(refund, "success")
        assert status(refund) == "refunded"
        self.tell(refund, "success")
        assert steps(refund)[-2:] == ["processing", "refunded"]
        assert not Finding.objects.exists()

    @pytest.mark.parametrize(("to", "end"), [("success", "refunded"), ("failed", "failed")])
    def test_an_end_whose_start_nobody_saw(self, refund: Refund, to: str, end: str) -> None:
        self.tell(refund, to)
        assert steps(refund)[-2:] == ["processing", end] and status(refund) == end
        assert (held(refund) == 0) is (end == "failed")

    def test_a_failed_one_stays_failed_and_frees_once(self, refund: Refund) -> None:
        self.tell(refund, "failed")
        self.tell(refund, "failed")
        assert Receipt.objects.get(holds__refund=refund).held_minor == 0
        with pytest.raises(Conflicted, match="new refund"):
            self.tell(refund, "pending")
        with pytest.raises(Conflicted, match="nothing may leave"):
            self.tell(refund, "processing")
        assert status(refund) == "failed"

    def test_money_that_moved_for_a_failed_one_is_a_finding(self, refund: Refund) -> None:
        self.tell(refund, "failed")
        self.tell(refund, "success")
        assert status(refund) == "failed"
        finding = Finding.objects.get()
        assert (finding.kind, finding.subject) == (
            "refunded_although_not_approved",
            f"refund:{refund.pk}",
        )

    @pytest.mark.parametrize("to", ["returned", "reversed", "cancelled"])
    def test_money_that_came_back_is_a_finding(self, refund: Refund, to: str) -> None:
        self.tell(refund, "success")
        self.tell(refund, to)
        assert status(refund) == "refunded"
        assert Finding.objects.get().kind == "refund_came_back"

    def test_nothing_starts_for_one_that_is_over(
        self, refund: Refund, stellar: SandboxHorizon
    ) -> None:
        transfer = transfer_of(refund)
        with transaction.atomic():
            assert RefundSource().may_start(transfer, actor=WATCHER) is True
        for to in ("processing", "failed"):
            change_status(Refund, refund.pk, believed=status(refund), to=to, actor=WATCHER)
        work(transfer)
        assert stellar.times_paid(stellar.address("payee 1")) == 0
        assert not transfer.attempts.filter(send_count__gt=0).exists()
