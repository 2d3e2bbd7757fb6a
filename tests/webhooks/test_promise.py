"""What integrators will be told is committed with the fact, once for each endpoint that wants it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import iso4217
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from audit.actor import Actor
from guard.door import change_status
from money import Money
from payouts.api.documents import payout_document
from payouts.selectors import get_payout
from payouts.services.retry_payout import retry_payout
from tests.guard.rows import transfer_in
from tests.payouts.requests import ANA, bring, make_payout, move_transfer, the_transfer
from tests.webhooks.endpoints import data_of, make_endpoint, told
from transfers.api.documents import transfer_document
from transfers.models import Transfer
from webhooks.events import EVENT_TYPES
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.promise import UnknownEventType, promise
from webhooks.sql_values import amount_sql

WORKER = Actor("worker", "w1")
THREADS = 8
ROUNDS = 25


def pay(transfer: Transfer) -> object:
    return change_status(
        Transfer,
        transfer.pk,
        believed="processing",
        to="success",
        actor=WORKER,
        changes={"rail_reference": f"tr_{transfer.pk}", "due_at": None},
    )


@pytest.mark.django_db
class TestTransfers:
    def test_a_paid_transfer_is_promised_as_the_api_shows_it(self) -> None:
        endpoint = make_endpoint()
        transfer = transfer_in("processing")
        pay(transfer)
        (delivery,) = endpoint.deliveries.all()
        assert (delivery.event_type, delivery.subject, delivery.version, delivery.state) == (
            *("transfer.success", f"transfer:{transfer.pk}", transfer.version + 1, "pending"),
        )
        transfer.refresh_from_db()
        shown = transfer_document(transfer, ())
        only_when_asked = {"attempts", "waiting_for", "next_check_at"}
        assert data_of(delivery) == {
            name: value for name, value in shown.items() if name not in only_when_asked
        }

    def test_a_payload_has_a_type_a_time_and_data(self) -> None:
        endpoint = make_endpoint()
        pay(transfer_in("processing"))
        body = json.loads(endpoint.deliveries.get().payload)
        assert list(body) == ["type", "timestamp", "data"]
        at = datetime.fromisoformat(body["timestamp"])
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)

    def test_a_claim_is_nobody_elses_business(self) -> None:
        endpoint = make_endpoint()
        change_status(
            Transfer, transfer_in("pending").pk, believed="pending", to="processing", actor=WORKER
        )
        assert told(endpoint) == []

    def test_the_failure_and_what_came_back_are_told(self) -> None:
        endpoint = make_endpoint()
        failed, returned = transfer_in("processing"), transfer_in("success")
        change_status(
            Transfer,
            failed.pk,
            believed="processing",
            to="failed",
            actor=WORKER,
            changes={"failure_code": "account_closed", "failure_message": "It's closed"},
        )
        change_status(
            Transfer,
            returned.pk,
            believed="success",
            to="returned",
            actor=WORKER,
            changes={"returned_minor": 44_000, "returned_currency": "USD"},
        )
        first, second = endpoint.deliveries.order_by("id")
        assert data_of(first)["failure"] == {"code": "account_closed", "message": "It's closed"}
        assert data_of(second)["returned"] == {"amount": "440.00", "currency": "USD"}
        assert data_of(second)["failure"] is None

    def test_a_refused_step_promises_nothing(self) -> None:
        endpoint = make_endpoint()
        transfer = transfer_in("processing")
        pay(transfer)
        pay(transfer)
        assert told(endpoint) == ["transfer.success"]

    def test_sql_cannot_go_around_it(self) -> None:
        endpoint = make_endpoint()
        transfer = transfer_in("processing")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE transfers_transfer SET status = 'failed' WHERE id = %s", [transfer.pk]
            )
        assert told(endpoint) == ["transfer.failed"]


@pytest.mark.django_db
class TestPayouts:
    def test_every_step_of_a_payout_is_promised_once(self) -> None:
        endpoint = make_endpoint()
        payout = make_payout()
        bring(payout, "failed")
        retry_payout(payout_id=payout.pk, actor=ANA, reason="again")
        assert told(endpoint) == [
            "payout.requested",
            "payout.approved",
            "payout.processing",
            "transfer.failed",
            "payout.failed",
            "payout.requested",
        ]
        versions = list(
            endpoint.deliveries.filter(subject=f"payout:{payout.pk}")
            .order_by("id")
            .values_list("version", flat=True)
        )
        assert versions == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize("status", ["rejected", "cancelled", "paid"])
    def test_the_other_ends(self, status: str) -> None:
        endpoint = make_endpoint("https://shop.example/hooks", f"payout.{status}")
        make_payout(status)
        assert told(endpoint) == [f"payout.{status}"]

    def test_it_is_told_as_the_api_shows_it_and_without_bank_details(self) -> None:
        endpoint = make_endpoint()
        payout = make_payout("approved")
        delivery = endpoint.deliveries.get(event_type="payout.approved")
        payout = get_payout(payout.pk)
        transfer = the_transfer(payout.pk)
        shown = payout_document(payout, transfer, ())
        data = data_of(delivery)
        assert data.pop("transfer") == {
            "id": transfer.pk,
            "status": "pending",
            "version": 1,
            "rail_reference": None,
        }
        assert data == {name: shown[name] for name in data}
        assert "recipient" not in data
        for secret in ("DE89370400440532013000", "3000", payout.recipient.masked):
            assert secret not in delivery.payload

    def test_the_payload_is_the_moment_and_not_the_present(self) -> None:
        endpoint = make_endpoint()
        payout = make_payout("approved")
        move_transfer(payout.pk, "processing")
        move_transfer(payout.pk, "success")
        shown = [
            (data_of(one)["status"], data_of(one)["version"])
            for one in endpoint.deliveries.filter(subject=f"payout:{payout.pk}").order_by("id")
        ]
        assert shown == [("requested", 1), ("approved", 2), ("processing", 3), ("paid", 4)]


@pytest.mark.django_db
class TestWho:
    def test_only_whoever_wants_it(self) -> None:
        wants = make_endpoint("https://a.example/", "transfer.success")
        other = make_endpoint("https://b.example/", "transfer.failed")
        gone = make_endpoint("https://c.example/")
        WebhookEndpoint.objects.filter(pk=gone.pk).update(
            disabled_at=datetime.now(UTC), disabled_why="gone"
        )
        pay(transfer_in("processing"))
        assert [told(one) for one in (wants, other, gone)] == [["transfer.success"], [], []]

    def test_every_endpoint_hears_of_one_event_under_one_id(self) -> None:
        endpoints = [make_endpoint(f"https://{name}.example/") for name in "ab"]
        pay(transfer_in("processing"))
        first, second = [one.deliveries.get() for one in endpoints]
        assert (first.webhook_id, first.payload) == (second.webhook_id, second.payload)
        assert first.webhook_id.startswith("evt_")

    def test_an_endpoint_may_not_want_what_does_not_exist(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_endpoint("https://a.example/", "payout.exploded")
        with pytest.raises(UnknownEventType):
            promise(event_type="payout.exploded", subject="payout:1", version=1, data={})


@pytest.mark.django_db
def test_what_was_promised_never_changes_and_never_goes() -> None:
    endpoint = make_endpoint()
    promise(event_type="refund.failed", subject="refund:1", version=2, data={"id": 1})
    delivery = endpoint.deliveries.get()
    for change in ({"payload": "{}"}, {"webhook_id": "evt_2"}, {"version": 3}):
        with pytest.raises(ProgrammingError, match="never changes"), transaction.atomic():
            WebhookDelivery.objects.filter(pk=delivery.pk).update(**change)
    with pytest.raises(ProgrammingError, match="never deleted"), transaction.atomic():
        delivery.delete()


@pytest.mark.django_db
def test_amounts_are_written_as_money_writes_them() -> None:
    asset = "USDC:GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5"
    stellar = ["XLM", "USDC", "LONGESTASSET", asset]
    codes = [one.code for one in iso4217.Currency if one.exponent is not None] + stellar
    pairs = [(minor, code) for code in codes for minor in (0, 1, 99, 12_345, 2**63 - 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {amount_sql('minor', 'currency')} FROM unnest(%s::bigint[], %s::text[]) "
            "WITH ORDINALITY AS pair (minor, currency, place) ORDER BY place",
            [[minor for minor, _ in pairs], [code for _, code in pairs]],
        )
        written = [row[0] for row in cursor.fetchall()]
    assert written == [Money(minor, code).format() for minor, code in pairs]


@pytest.mark.django_db(transaction=True)
class TestCommitted:
    def test_no_fact_no_promise(self) -> None:
        endpoint = make_endpoint()
        transfer = transfer_in("processing")

        def half_a_transaction() -> None:
            with transaction.atomic():
                pay(transfer)
                assert told(endpoint) == ["transfer.success"]
                raise RuntimeError("the rest of it failed")

        with pytest.raises(RuntimeError):
            half_a_transaction()
        assert told(endpoint) == []

    def test_one_fact_reported_by_eight_at_once_is_one_delivery_per_endpoint(self) -> None:
        endpoints = [make_endpoint(f"https://{name}.example/") for name in "ab"]
        barrier = threading.Barrier(THREADS, timeout=30)

        def report() -> None:
            try:
                connection.ensure_connection()
                for number in range(ROUNDS):
                    barrier.wait()
                    with transaction.atomic():
                        promise(
                            event_type="checkout.session.paid",
                            subject=f"checkout_session:{number}",
                            version=3,
                            data={"id": number},
                        )
            finally:
                connection.close()

        with ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(report) for _ in range(THREADS)]:
                done.result()
        for endpoint in endpoints:
            subjects = list(endpoint.deliveries.values_list("subject", flat=True))
            assert sorted(subjects) == sorted(f"checkout_session:{n}" for n in range(ROUNDS))


def test_the_contract_names_all_of_them() -> None:
    nouns = {kind.partition(".")[0] for kind in EVENT_TYPES}
    assert nouns == {"transfer", "payout", "checkout", "refund"}
    assert len(EVENT_TYPES) == 15
