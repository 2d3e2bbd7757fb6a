"""Endpoints and deliveries over HTTP: secrets are shown once, integrators see their own, everything is audited."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from audit.models import Entry
from guard.models import IdempotencyRecord
from payouts_site.webhooks.services.create_endpoint import MOST_ENABLED
from tests.payouts.conftest import Caller
from tests.transfers_api.openapi import check
from tests.webhooks.receiver import Receiver, Say
from webhooks.deliver import deliver_next
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.promise import promise
from webhooks.secrets import decrypt

ENDPOINTS = "webhook-endpoints"
DELIVERIES = "webhook-deliveries"
HOOKS = {"url": "https://shop.example/hooks", "events": ["payout.paid", "payout.failed"]}
Make = Callable[..., Caller]

pytestmark = pytest.mark.django_db


def made(by: Caller, **more: Any) -> dict[str, Any]:
    answer = by.post(ENDPOINTS, {**HOOKS, **more})
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def tell(version: int = 1, kind: str = "payout.paid") -> None:
    promise(event_type=kind, subject="payout:1", version=version, data={"id": 1})


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestEndpoints:
    def test_the_secret_is_shown_once_and_kept_encrypted(self, shop: Caller) -> None:
        answer = shop.post(ENDPOINTS, HOOKS)
        check(answer, "POST", f"/api/v1/{ENDPOINTS}")
        document = answer.json()
        secret = document.pop("secret")
        assert secret.startswith("whsec_")
        row = WebhookEndpoint.objects.get()
        assert secret.encode() not in bytes(row.secret)
        assert decrypt(bytes(row.secret)) == secret
        assert "whsec" not in shop.get(ENDPOINTS).content.decode()
        assert shop.get(f"{ENDPOINTS}/{row.pk}").json() == document
        assert answer["Location"] == f"/api/v1/{ENDPOINTS}/{row.pk}"
        assert "whsec" not in str(list(Entry.objects.values()))

    def test_a_repeated_key_gets_the_same_secret_which_is_not_kept_in_the_clear(
        self, shop: Caller
    ) -> None:
        first, again = (shop.post(ENDPOINTS, HOOKS, idempotency_key="k1") for _ in range(2))
        assert first.content == again.content
        assert again["Idempotency-Replayed"] == "true"
        assert WebhookEndpoint.objects.count() == 1
        assert b"whsec" not in bytes(IdempotencyRecord.objects.get().response_body or b"")

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({"url": "http://shop.example/"}, "url", "not_https"),
            ({"url": "https://10.0.0.1/"}, "url", "not_public"),
            ({"url": "https://a:b@shop.example/"}, "url", "has_credentials"),
            ({"url": "https://shop.example:22/"}, "url", "port_not_allowed"),
            ({"url": "hello"}, "url", "not_https"),
            ({"url": "https://"}, "url", "invalid_url"),
            ({"events": ["payout.exploded"]}, "events.0", "invalid_choice"),
            ({"events": []}, "events", "empty"),
            ({"events": "payout.paid"}, "events", "not_a_list"),
            ({"secret": "mine"}, "secret", "unknown_field"),
        ],
    )
    def test_what_is_no_endpoint_is_refused_with_a_code(
        self, shop: Caller, body: dict[str, Any], field: str, code: str
    ) -> None:
        answer = shop.post(ENDPOINTS, HOOKS | body)
        assert refused(answer) == (422, "validation_error")
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == (field, code)
        assert not WebhookEndpoint.objects.exists()

    def test_there_is_a_limit(self, shop: Caller) -> None:
        pk = made(shop)["id"]
        for _ in range(MOST_ENABLED - 1):
            made(shop)
        assert shop.post(ENDPOINTS, HOOKS).json()["errors"][0]["code"] == "too_many"
        shop.delete(f"{ENDPOINTS}/{pk}")
        made(shop)

    def test_disable_and_enable(self, shop: Caller) -> None:
        pk = made(shop)["id"]
        tell()
        answer = shop.delete(f"{ENDPOINTS}/{pk}")
        check(answer, "DELETE", f"/api/v1/{ENDPOINTS}/{pk}")
        assert (answer.json()["enabled"], answer.json()["disabled_reason"]) == (
            *(False, "By shop/test."),
        )
        tell(2)
        assert shop.delete(f"{ENDPOINTS}/{pk}").json() == answer.json()
        back = shop.post(f"{ENDPOINTS}/{pk}/enable")
        check(back, "POST", f"/api/v1/{ENDPOINTS}/{pk}/enable")
        assert (back.json()["enabled"], back.json()["disabled_at"]) == (True, None)
        tell(3)
        states = WebhookDelivery.objects.order_by("id").values_list("version", "state")
        assert list(states) == [(1, "disabled"), (3, "pending")]
        actions = Entry.objects.filter(subject=f"webhook_endpoint:{pk}").order_by("seq")
        assert list(actions.values_list("action", flat=True)) == [
            f"webhook_endpoint.{done}" for done in ("created", "disabled", "enabled")
        ]

    def test_a_rotated_secret_follows_the_old_one(self, shop: Caller, receiver: Receiver) -> None:
        first = made(shop, url=receiver.url)
        answer = shop.post(f"{ENDPOINTS}/{first['id']}/rotate", {"overlap_hours": 1})
        check(answer, "POST", f"/api/v1/{ENDPOINTS}/1/rotate")
        second = answer.json()
        assert second["secret"] != first["secret"] and second["old_secret_until"] is not None
        tell()
        deliver_next(endpoint_id=first["id"])
        for secret in (first["secret"], second["secret"]):
            Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
        leaked = shop.post(f"{ENDPOINTS}/{first['id']}/rotate", {"overlap_hours": 0}).json()
        assert leaked["old_secret_until"] is None
        tell(2)
        deliver_next(endpoint_id=first["id"])
        assert receiver.got[1].headers["webhook-signature"].count("v1,") == 1
        refusal = shop.post(f"{ENDPOINTS}/{first['id']}/rotate", {"overlap_hours": 169})
        assert refused(refusal) == (422, "validation_error")


class TestDeliveries:
    def test_the_list_its_filters_and_one_of_them(self, shop: Caller, receiver: Receiver) -> None:
        pk = made(shop, url=receiver.url)["id"]
        other = made(shop, url=receiver.url)["id"]
        for version in (1, 2):
            tell(version)
        receiver.answers = [Say(500, body=b"no")]
        deliver_next(endpoint_id=pk)
        receiver.answers = [Say(200)]
        deliver_next(endpoint_id=pk)
        answer = shop.get(DELIVERIES)
        check(answer, "GET", f"/api/v1/{DELIVERIES}")
        assert len(answer.json()["results"]) == 4

        def found(**query: Any) -> int:
            return len(shop.get(DELIVERIES, **query).json()["results"])

        assert found(endpoint=pk) == found(endpoint=other) == 2
        assert (found(state="delivered"), found(state="pending")) == (1, 3)
        assert found(endpoint=pk, state="pending", subject="payout:1") == 1
        assert found(subject="payout:2") == 0
        for query in ({"state": "lost"}, {"endpoint": "x"}, {"endpoint": str(2**70)}, {"q": "1"}):
            assert refused(shop.get(DELIVERIES, **query)) == (422, "validation_error")
        failed = WebhookDelivery.objects.get(last_status=500)
        one = shop.get(f"{DELIVERIES}/{failed.pk}")
        check(one, "GET", f"/api/v1/{DELIVERIES}/1")
        (attempt,) = one.json()["attempts"]
        assert (attempt["status"], attempt["answer"]) == (500, "no")
        assert one.json()["payload"] == failed.payload

    def test_resend_sends_the_same_message_again(self, shop: Caller, receiver: Receiver) -> None:
        pk = made(shop, url=receiver.url)["id"]
        tell()
        deliver_next(endpoint_id=pk)
        delivery = WebhookDelivery.objects.get()
        answer = shop.post(f"{DELIVERIES}/{delivery.pk}/resend")
        assert answer.status_code == 202
        check(answer, "POST", f"/api/v1/{DELIVERIES}/1/resend")
        assert answer.json()["state"] == "pending"
        deliver_next(endpoint_id=pk)
        first, second = receiver.got
        assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
        entry = Entry.objects.get(subject=f"webhook_delivery:{delivery.pk}")
        assert (entry.action, entry.actor_name) == ("webhook_delivery.resent", "shop/test")

    def test_a_request_that_is_out_is_not_doubled(self, shop: Caller, receiver: Receiver) -> None:
        pk = made(shop, url=receiver.url)["id"]
        tell()
        delivery = WebhookDelivery.objects.get()

        def ask_meanwhile() -> None:
            shop.post(f"{DELIVERIES}/{delivery.pk}/resend")
            deliver_next(endpoint_id=pk)
            connection.close()

        receiver.answers = [Say(before=ask_meanwhile)]
        deliver_next(endpoint_id=pk)
        assert len(receiver.got) == 1

    def test_nothing_is_resent_to_a_disabled_endpoint(self, shop: Caller) -> None:
        pk = made(shop)["id"]
        tell()
        shop.delete(f"{ENDPOINTS}/{pk}")
        delivery = WebhookDelivery.objects.get()
        assert refused(shop.post(f"{DELIVERIES}/{delivery.pk}/resend")) == (409, "conflict")

    def test_a_list_is_one_query_however_many_rows(
        self,
        shop: Caller,
    ) -> None:
        made(shop)
        counts = []
        for rows in (1, 30):
            for version in range(rows):
                tell(1_000 * rows + version)
            with CaptureQueriesContext(connection) as queries:
                shop.get(DELIVERIES)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestWho:
    def test_an_integrator_sees_only_their_own(self, shop: Caller, rival: Caller) -> None:
        pk = made(shop)["id"]
        tell()
        delivery = WebhookDelivery.objects.get().pk
        assert shop.get(f"{DELIVERIES}/{delivery}").status_code == 200
        calls = [
            rival.get(f"{ENDPOINTS}/{pk}"),
            rival.delete(f"{ENDPOINTS}/{pk}"),
            rival.post(f"{ENDPOINTS}/{pk}/enable"),
            rival.post(f"{ENDPOINTS}/{pk}/rotate"),
            rival.get(f"{DELIVERIES}/{delivery}"),
            rival.post(f"{DELIVERIES}/{delivery}/resend"),
        ]
        assert [refused(one) for one in calls] == [(404, "not_found")] * len(calls)
        for path in (ENDPOINTS, DELIVERIES, f"{DELIVERIES}?endpoint={pk}"):
            assert rival.get(path).json()["results"] == []
        assert WebhookEndpoint.objects.get().disabled_at is None

    def test_the_console_sees_everybodys(self, shop: Caller, ana: Caller) -> None:
        pk = made(shop)["id"]
        tell()
        assert ana.get(f"{ENDPOINTS}/{pk}").status_code == 200
        assert len(ana.get(DELIVERIES).json()["results"]) == 1

    def test_an_auditor_looks_and_a_reading_token_only_reads(
        self, caller: Make, shop: Caller
    ) -> None:
        pk = made(shop)["id"]
        auditor, reader = caller("auditor"), caller("integrator", "shop", "read")
        for one in (auditor, reader):
            assert one.get(f"{ENDPOINTS}/{pk}").status_code == 200
            for call in (
                one.post(ENDPOINTS, HOOKS),
                one.delete(f"{ENDPOINTS}/{pk}"),
                one.post(f"{ENDPOINTS}/{pk}/rotate"),
                one.post(f"{DELIVERIES}/1/resend"),
            ):
                assert refused(call) == (403, "permission_denied")

    def test_what_does_not_exist(self, shop: Caller) -> None:
        for pk in (1, 2**70):
            assert refused(shop.get(f"{ENDPOINTS}/{pk}")) == (404, "not_found")
            assert refused(shop.post(f"{DELIVERIES}/{pk}/resend")) == (404, "not_found")


def test_the_limit_holds_for_endpoints_that_are_enabled_again(shop: Caller, ana: Caller) -> None:
    pk = made(shop)["id"]
    assert shop.delete(f"{ENDPOINTS}/{pk}").status_code == 200
    for _ in range(MOST_ENABLED):
        made(shop)
    for caller in (shop, ana):
        answer = caller.post(f"{ENDPOINTS}/{pk}/enable")
        assert refused(answer) == (422, "validation_error")
        assert answer.json()["errors"][0]["code"] == "too_many"
    newest = WebhookEndpoint.objects.latest("pk").pk
    assert shop.post(f"{ENDPOINTS}/{newest}/enable").status_code == 200
    assert shop.delete(f"{ENDPOINTS}/{newest}").status_code == 200
    assert shop.post(f"{ENDPOINTS}/{pk}/enable").status_code == 200


def test_development_may_use_its_own_machine(shop: Caller, settings: Settings) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = []
    assert shop.post(ENDPOINTS, HOOKS | {"url": "http://127.0.0.1:9/"}).status_code == 422
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
    made(shop, url="http://127.0.0.1:9/")
