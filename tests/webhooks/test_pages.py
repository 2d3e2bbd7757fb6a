"""The console's pages: who may what, a secret that is shown once, every state of a delivery, empty lists."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.policy import assign_role
from access.roles import Role
from tests.webhooks.endpoints import make_endpoint
from tests.webhooks.receiver import Receiver, Say
from webhooks.deliver import deliver_next
from webhooks.disable import disable
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.promise import promise
from webhooks.secrets import decrypt

ENDPOINTS = "/admin/webhooks/webhookendpoint/"
DELIVERIES = "/admin/webhooks/webhookdelivery/"
Open = Callable[[str], Client]

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(db: None) -> Open:
    """`at("auditor")`: a browser in which a person of that role is logged in."""

    def log_in(role: str) -> Client:
        user, _ = User.objects.get_or_create(username=f"the-{role}")
        assign_role(user, Role(role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


def tell(version: int = 1) -> None:
    promise(
        event_type="payout.paid", subject="payout:1", version=version, data={"name": "<b>Zoë</b>"}
    )


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]  # an HttpResponse


class TestEndpoints:
    def test_the_first_one_from_an_empty_list(self, at: Open) -> None:
        ana = at("super_admin")
        empty = text_of(ana.get(ENDPOINTS))
        assert "Nobody is told yet" in empty and "New endpoint" in empty
        form = text_of(ana.get(f"{ENDPOINTS}new/"))
        assert "checkout.session.paid" in form
        made = ana.post(
            f"{ENDPOINTS}new/", {"url": "https://shop.example/a", "events": ["payout.paid"]}
        )
        endpoint = WebhookEndpoint.objects.get()
        secret = decrypt(bytes(endpoint.secret))
        assert secret in text_of(made)
        assert secret not in text_of(ana.get(f"{ENDPOINTS}{endpoint.pk}/change/"))
        assert "https://shop.example/a" in text_of(ana.get(ENDPOINTS))

    @pytest.mark.parametrize(
        ("url", "events", "says"),
        [
            ("https://10.0.0.1/", ["payout.paid"], "not a public one"),
            ("http://shop.example/", ["payout.paid"], "begins with https://"),
            ("https://shop.example/", [], "Choose at least one"),
        ],
    )
    def test_what_is_refused_keeps_what_was_typed(
        self, at: Open, url: str, events: list[str], says: str
    ) -> None:
        answer = at("super_admin").post(f"{ENDPOINTS}new/", {"url": url, "events": events})
        assert answer.status_code == 422
        page = text_of(answer)
        assert says in page and f'value="{url}"' in page
        assert page.count("checked") == len(events)

    def test_disable_with_a_reason_enable_and_rotate(self, at: Open) -> None:
        ana, endpoint = at("super_admin"), make_endpoint()
        page = f"{ENDPOINTS}{endpoint.pk}/"
        tell()
        assert ana.post(f"{page}disable/", {"reason": " "}).status_code == 422
        done = ana.post(f"{page}disable/", {"reason": "they asked"}, follow=True)
        assert "they asked" in text_of(done) and "Not sent" in text_of(ana.get(DELIVERIES))
        ana.post(f"{page}enable/")
        before = WebhookEndpoint.objects.get()
        assert before.disabled_at is None
        rotated = ana.post(f"{page}rotate/", {"overlap": "day"})
        after = WebhookEndpoint.objects.get()
        assert decrypt(bytes(after.secret)) in text_of(rotated)
        assert bytes(after.old_secret or b"") == bytes(before.secret)
        ana.post(f"{page}rotate/", {"overlap": "none"})
        assert WebhookEndpoint.objects.get().old_secret is None

    def test_an_auditor_looks_and_changes_nothing(self, at: Open) -> None:
        endpoint = make_endpoint()
        tell()
        delivery = WebhookDelivery.objects.get()
        eve = at("auditor")
        page = text_of(eve.get(f"{ENDPOINTS}{endpoint.pk}/change/"))
        assert "Rotate" not in page and "Disable" not in page
        assert "New endpoint" not in text_of(eve.get(ENDPOINTS))
        assert "Resend" not in text_of(eve.get(f"{DELIVERIES}{delivery.pk}/change/"))
        for address in (
            f"{ENDPOINTS}new/",
            f"{ENDPOINTS}{endpoint.pk}/rotate/",
            f"{ENDPOINTS}{endpoint.pk}/disable/",
            f"{ENDPOINTS}{endpoint.pk}/enable/",
            f"{DELIVERIES}{delivery.pk}/resend/",
        ):
            assert eve.post(address).status_code == 403
        assert at("integrator").get(ENDPOINTS).status_code in (302, 403)

    @pytest.mark.parametrize("pk", ["0", "99", "x", "9" * 30])
    def test_what_is_not_there(self, at: Open, pk: str) -> None:
        ana = at("super_admin")
        for address in (f"{ENDPOINTS}{pk}/change/", f"{DELIVERIES}{pk}/change/"):
            assert ana.get(address).status_code == 404


class TestDeliveries:
    def test_filters_and_search(self, at: Open) -> None:
        ana = at("super_admin")
        assert "No deliveries yet" in text_of(ana.get(DELIVERIES))
        first, second = make_endpoint("https://a.example/"), make_endpoint("https://b.example/")
        tell()
        disable(second.pk, why="by hand")
        mine = first.deliveries.get()

        def rows(query: str) -> int:
            return text_of(ana.get(f"{DELIVERIES}?{query}")).count('class="row-link"')

        assert rows("") == 2
        assert (rows("state=pending"), rows("state=disabled"), rows("state=failed")) == (1, 1, 0)
        assert rows(f"endpoint={first.pk}") == rows(f"endpoint={second.pk}") == 1
        assert rows("q=payout:1") == rows(f"q={mine.webhook_id}") == 2
        assert rows("q=nothing") == rows(f"endpoint={'9' * 30}&q=nothing") == 0
        assert "Nothing matches" in text_of(ana.get(f"{DELIVERIES}?state=failed"))

    def test_the_tries_the_message_and_resend(self, at: Open, receiver: Receiver) -> None:
        ana = at("super_admin")
        endpoint = make_endpoint(receiver.url)
        tell()
        delivery = WebhookDelivery.objects.get()
        address = f"{DELIVERIES}{delivery.pk}/"
        assert "Not tried yet" in text_of(ana.get(f"{address}change/"))
        receiver.answers = [Say(500, body=b"<script>out of order</script>")]
        deliver_next(endpoint_id=endpoint.pk)
        page = text_of(ana.get(f"{address}change/"))
        assert "HTTP 500" in page and "Retrying" in page
        assert "&lt;script&gt;out of order" in page and "&lt;b&gt;Zoë" in page
        receiver.answers = [Say(200)]
        assert "It is sent again" in text_of(ana.post(f"{address}resend/", follow=True))
        deliver_next(endpoint_id=endpoint.pk)
        assert ">Delivered</span>" in text_of(ana.get(f"{address}change/"))
        disable(endpoint.pk, why="by hand")
        page = text_of(ana.get(f"{address}change/"))
        assert "enable it to resend" in page
        assert ana.post(f"{address}resend/").status_code == 409

    def test_a_worker_that_died_is_said(self, at: Open, receiver: Receiver) -> None:
        endpoint = make_endpoint(receiver.url)
        tell()
        delivery = WebhookDelivery.objects.get()
        delivery.attempts.create(number=1)
        page = text_of(at("super_admin").get(f"{DELIVERIES}{delivery.pk}/change/"))
        assert "Answer unknown" in page and "under the same id" in page
        assert endpoint.url in page

    def test_a_page_costs_the_same_with_one_row_or_fifty(self, at: Open) -> None:
        ana = at("super_admin")
        make_endpoint()
        counts = []
        for rows in (1, 60):
            for version in range(rows):
                tell(1_000 * rows + version)
            with CaptureQueriesContext(connection) as queries:
                ana.get(DELIVERIES)
            counts.append(len(queries))
            mine = [
                one["sql"] for one in queries.captured_queries if "webhookdelivery" in one["sql"]
            ]
            assert len(mine) == 1 and "LIMIT 51" in mine[0] and '"payload"' not in mine[0]
        assert counts[0] == counts[1]

    def test_no_inline_script(self, at: Open) -> None:
        ana, endpoint = at("super_admin"), make_endpoint()
        tell()
        delivery = WebhookDelivery.objects.get()
        for address in (
            ENDPOINTS,
            f"{ENDPOINTS}new/",
            f"{ENDPOINTS}{endpoint.pk}/change/",
            DELIVERIES,
            f"{DELIVERIES}{delivery.pk}/change/",
        ):
            page = text_of(ana.get(address))
            assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page)
            assert not re.search(r"<[^>]*\son[a-z]+\s*=", page)
