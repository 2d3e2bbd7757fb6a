"""Attack: break the query, the page, the parser or the reader's eyes with what is sent."""

import base64
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from money import Money
from payouts.models import PayoutRequest
from payouts.selectors import facts_of
from tests.attacks.town import Town
from tests.payouts.requests import OTTO, make_payout
from tests.webhooks.endpoints import make_endpoint
from webhooks.addresses import NotPublic, resolve
from webhooks.models import WebhookEndpoint
from webhooks.promise import promise

pytestmark = pytest.mark.django_db
LISTS = (
    "bookings", "transfers", "findings", "payouts", "commissions", "checkout/sessions", "checkout/receipts", "refunds",
    "audit/entries", "webhook-endpoints", "webhook-deliveries",
)  # fmt: skip
INJECTIONS = (
    "' OR 1=1 --", "1; DROP TABLE transfers_transfer", "id) DESC, pg_sleep(5) --", "%' UNION SELECT 1 --", "\\", "%",
    "_",    "payee__recipients__details", "-payee__name", "password", "?", "*", "$where", "id__gt", "1e309",
    "\u0000", "'; --",
    "{{7*7}}", "${7*7}", "(SELECT 1)", "recipient__details",
)  # fmt: skip


@pytest.fixture
def people(db: None) -> Town:
    return Town()


def post(
    client: Client, path: str, body: Any, key: str = "", kind: str = "application/json"
) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"idempotency-key": key} if key else {}
    return client.post(f"/api/v1/{path}", text, kind, headers=headers)


def payout_body(**values: Any) -> dict[str, Any]:
    payee = {"external_id": "p-1", "name": "Otto", "region": "EU"}
    body = {"payee": payee, "amount": "1.00", "currency": "EUR", "rail": "wise", "recipient": OTTO}
    return body | values


@pytest.mark.parametrize(
    "place", ["ordering", "search", "status", "cursor", "limit", "unknown__in"]
)
def test_no_query_parameter_reaches_the_query(people: Town, place: str) -> None:
    make_payout()
    client = people.program()
    for path in LISTS:
        for text in INJECTIONS:
            answer = client.get(f"/api/v1/{path}", {place: text})
            assert answer.status_code in (200, 422), (path, text, answer.content)
            if answer.status_code == 200:
                assert place == "search" and answer.json()["results"] == [], (path, text)


def test_no_filter_of_the_console_reaches_another_table(people: Town) -> None:
    make_payout()
    client = people.browser("super_admin")
    for page in (
        "auth/user", "access/apitoken", "payouts/payoutrequest", "transfers/transfer", "audit/entry",
        "checkout/checkoutsession", "webhooks/webhookendpoint",
    ):  # fmt: skip
        for query in (
            {"password__startswith": "a"}, {"user__password__startswith": "a"}, {"recipient__details__contains": "D"},
            {"q": "' OR 1=1 --"}, {"o": "1.2.-3;--"}, {"e": "1"}, {"p": "9" * 30}, {"created_by__regex": "(a+)+$"},
            {"secret__isnull": "False"}, {"digest__startswith": "0"}, {"_popup": "1", "_to_field": "password"},
            {"q": "\x00"}, {"q": "%' --\\"},
        ):  # fmt: skip
            answer = client.get(f"/admin/{page}/", query)
            assert answer.status_code in (200, 302, 400), (page, query, answer.status_code)
            if any("__" in name for name in query):
                assert answer.status_code == 400, (page, query)


def forge(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_a_tampered_cursor_is_refused(people: Town) -> None:
    for _ in range(3):
        make_payout()
    client = people.program()
    first = client.get("/api/v1/payouts?limit=1").json()
    good = first["next"].partition("cursor=")[2].partition("&")[0]
    forged = [
        forge("password", 0, ["x"]), forge("-id", 0, ["1) OR (1=1"]), forge("-id", 0, [[1]]), forge("-id", 0, []),
        forge("-id", 0, ["1", "2"]), forge("-id", 0, [None]), forge("-id", 0, ["NaN"]),
        forge("-id"), forge("-id", 0, {"a": 1}), forge("payee__name", 0, ["a", "1"]),
        forge("-created_at", 0, ["x", "1"]),        good[:-3], good + "AAAA", "=" * 50, "%00", "é",
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        "O:8:stdClass", base64.b64encode(b"\x80\x04\x95").decode(),
    ]  # fmt: skip
    for cursor in forged:
        answer = client.get("/api/v1/payouts", {"cursor": cursor})
        assert answer.status_code in (422, 414), (cursor[:60], answer.content)
    other = client.get("/api/v1/bookings", {"cursor": good, "ordering": "reference"})
    assert other.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        '{"reason": "a", "reason": "b"}', '{"expected_version": NaN}', '{"expected_version": Infinity}',
        '{"expected_version": 1e999}', "[" * 100_000, '{"a":' * 50_000, '{"reason": "\ud800"}', "{'reason': 1}",
        '{"reason": "x"} {"reason": "y"}', '\ufeff{"reason": "x"}', '{"reason": "x",}', "/* */ {}", "\x00{}",
        '{"expected_version": ' + "9" * 6_000 + "}",
    ],
    ids=range(14),
)  # fmt: skip
def test_json_that_two_parsers_read_differently(people: Town, body: str) -> None:
    payout = make_payout()
    raw = body.encode("utf-8", "surrogatepass")
    answer = post(people.program(), f"payouts/{payout.pk}/approve", raw)
    assert answer.status_code in (400, 422), answer.content
    assert answer.json()["code"] in ("invalid_json", "validation_error")
    payout.refresh_from_db()
    assert payout.status == "requested"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1}, {"amount": 1.5}, {"amount": True}, {"amount": ["1.00"]}, {"amount": {"$gt": ""}},
        {"amount": "1e3"},        {"amount": "-1.00"}, {"amount": "0.00"}, {"amount": "1,00"},
        {"amount": " 1.00"}, {"amount": "0x10"},
        {"amount": "\uff11.00"}, {"amount": "\u0661.00"}, {"amount": "1.00\u0000"}, {"amount": "NaN"},
        {"amount": "9" * 400},        {"amount": "1.005"}, {"currency": "eur"}, {"currency": ["EUR"]},
        {"currency": "\u0395UR"}, {"rail": ["wise"]},
        {"rail": {"a": 1}}, {"payee": "p-1"}, {"payee": [{}]}, {"payee": {"external_id": True}}, {"recipient": []},
        {"recipient": {"type": ["iban"]}}, {"recipient": OTTO | {"iban": 1}},
        {"recipient": OTTO | {"account_holder": {}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_another_type_is_not_guessed(people: Town, wrong: dict[str, Any]) -> None:
    answer = post(people.program(), "payouts", payout_body(**wrong), "k")
    assert answer.status_code == 422, answer.content
    assert not PayoutRequest.objects.exists()


@pytest.mark.parametrize(
    "charset", ["hex", "base64", "zlib", "rot13", "utf-7", "idna", "utf-16", "x" * 500]
)
def test_a_codec_in_the_content_type_decodes_nothing(people: Town, charset: str) -> None:
    """Python has codecs that are no character sets; Django would use the one that the header names."""
    client = people.program()
    kind = f"application/json; charset={charset}"
    answer = client.generic("GET", "/api/v1/payouts?search=%41", "", kind)
    assert answer.status_code == 200, answer.content
    raw = json.dumps(payout_body()).encode()
    wrote = client.generic("POST", "/api/v1/payouts", raw, kind, headers={"idempotency-key": "k"})
    # 415: no name of a character set is that long.
    assert wrote.status_code in (201, 415), wrote.content
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    stranger = Client(raise_request_exception=False)
    form = stranger.generic("POST", "/admin/login/", b"username=x&password=y", kind)
    assert form.status_code == 200


@pytest.mark.parametrize(
    "trick", ["\u202e", "\u2066", "\u0000", "\r\n", "\x1b[2J", "\u2028", "\x85", "\ud800"], ids=ascii
)  # fmt: skip
def test_text_that_shows_something_else_is_refused(people: Town, trick: str) -> None:
    client = people.program()
    name = f"Otto{trick}Muster"
    payee = {"external_id": "p-1", "name": name, "region": "EU"}
    raw = json.dumps(payout_body(payee=payee))
    assert post(client, "payouts", raw, "a").status_code == 422
    holder = payout_body(recipient=OTTO | {"account_holder": name})
    assert post(client, "payouts", json.dumps(holder), "b").status_code == 422
    booking = {
        "reference": "BK-1",
        "customer_name": name,
        "crew": [
            {"user_id": "u1", "name": "N", "role": "r", "amount": "1.00", "currency": "USD", "stripe_account": "a"}
        ],
    }  # fmt: skip
    assert post(client, "bookings", booking).status_code == 422
    assert not PayoutRequest.objects.exists()


@pytest.mark.parametrize(
    "typed",
    ["\uff16\uff10\uff10\uff10\uff10.00", "\u0666\u0660\u0660\u0660\u0660.00", "6\u041e000.00", "60000\u066b00",
     "60000.0O", "\u200b60001.00", "6e4", "60000,00", "+60000.00", "060000.00"],
    ids=ascii,
)  # fmt: skip
def test_a_homoglyph_does_not_approve_an_amount(
    people: Town, settings: Settings, typed: str
) -> None:
    payout = make_payout(amount=Money(6_000_000, "EUR"))
    seen = facts_of(PayoutRequest.objects.select_related("payee", "recipient").get()).fingerprint()
    answer = people.browser("super_admin").post(
        f"/admin/payouts/payoutrequest/{payout.pk}/approve/", {"seen": seen, "typed_amount": typed}
    )
    payout.refresh_from_db()
    # A zero in front is the same number in the same digits.
    wanted = (302, "approved") if typed == "060000.00" else (422, "requested")
    assert (answer.status_code, payout.status) == wanted or answer.status_code == 422


def test_ids_of_another_integrator_are_not_found(people: Town) -> None:
    mine = people.program("integrator", "shop")
    owner = people.person("integrator", "rival")
    theirs = make_endpoint("https://rival.example/h", "payout.paid")
    WebhookEndpoint.objects.filter(pk=theirs.pk).update(owner="rival", owner_id=owner.pk)
    promise(event_type="payout.paid", subject="payout:1", version=1, data={"name": "x"})
    delivery = theirs.deliveries.get()
    before = list(WebhookEndpoint.objects.values()), list(theirs.deliveries.values())
    for method, path in (
        ("GET", f"webhook-endpoints/{theirs.pk}"), ("DELETE", f"webhook-endpoints/{theirs.pk}"),
        ("POST", f"webhook-endpoints/{theirs.pk}/enable"), ("POST", f"webhook-endpoints/{theirs.pk}/rotate"),
        ("GET", f"webhook-deliveries/{delivery.pk}"), ("POST", f"webhook-deliveries/{delivery.pk}/resend"),
    ):  # fmt: skip
        answer = mine.generic(method, f"/api/v1/{path}", "{}", "application/json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        absent = mine.generic(
            method, f"/api/v1/{path}".replace(str(theirs.pk), "987654"), "{}", "application/json"
        )
        assert absent.status_code == 404
    for path in ("webhook-endpoints", f"webhook-deliveries?endpoint={theirs.pk}"):
        assert mine.get(f"/api/v1/{path}").json()["results"] == []
    assert (list(WebhookEndpoint.objects.values()), list(theirs.deliveries.values())) == before


@pytest.mark.parametrize(
    "number", ["0", "-1", "1.0", "1e1", "0x1", "9" * 30, "%00", "1%00", "\u0661", "1;2", "null", "1,2", "*"]
)  # fmt: skip
def test_an_id_that_is_no_id_is_not_found(people: Town, number: str) -> None:
    client = people.program()
    for path in ("payouts", "transfers", "checkout/sessions", "checkout/receipts", "refunds", "disputes"):  # fmt: skip
        answer = client.get(f"/api/v1/{path}/{number}")
        assert answer.status_code == 404, (path, number)
        assert answer.json()["code"] == "not_found"
    for path in ("payouts/payoutrequest", "transfers/transfer", "auth/user", "audit/entry"):
        answer = people.browser("super_admin").get(f"/admin/{path}/{number}/change/")
        assert answer.status_code in (302, 404), path


def test_an_endpoint_of_webhooks_does_not_reach_inside(people: Town, settings: Settings) -> None:
    """More in tests/webhooks/test_addresses.py; here, the shapes of a URL over the API."""
    settings.WEBHOOK_PRIVATE_HOSTS = []
    client = people.program("integrator", "shop")
    for url in (
        "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/", "https://[::ffff:127.0.0.1]/",
        "https://user:pw@shop.example/", "file:///etc/passwd", "gopher://shop.example/", "https://shop.example:22/",
        "https://shop.example\\@127.0.0.1/", "https://shop.example/\r\nX: y", "javascript:alert(1)", "https:///x",
        "https://\u24d4vil.example:80/", "//x.example/",
    ):  # fmt: skip
        body = {"url": url, "events": ["payout.paid"]}
        assert post(client, "webhook-endpoints", body, "").status_code == 422, url
    assert not WebhookEndpoint.objects.exists()
    # Numbers that a resolver understands are judged as the address that they become, at each delivery.
    for host in ("0x7f000001", "2130706433", "127.1", "017700000001", "localhost"):
        with pytest.raises(NotPublic):
            resolve(host, 443)
