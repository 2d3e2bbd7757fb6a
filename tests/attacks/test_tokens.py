"""Attack: get in with something that only looks like a credential, or with somebody else's."""

import hashlib
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from access.models import ApiToken
from tests.attacks.town import Town

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/payouts"


@pytest.fixture
def people(db: None) -> Town:
    """Nobody but callers."""
    return Town()


def secret_of(people: Town, role: str = "super_admin") -> str:
    _, secret = ApiToken.objects.create(user=people.person(role), name="stolen")
    return str(secret)


def status(client: Client | None = None, address: str = ADDRESS, **headers: Any) -> int:
    return (client or Client()).get(address, headers=headers).status_code


def test_a_token_anywhere_but_in_its_header_is_nothing(people: Town) -> None:
    secret = secret_of(people)
    client = Client()
    client.cookies["token"] = client.cookies["Authorization"] = f"Bearer {secret}"
    for name in ("token", "access_token", "api_key", "auth_token", "key"):
        assert status(client, f"{ADDRESS}?{name}={secret}") in (401, 422)
    for name in ("x-api-key", "x-auth-token", "proxy-authorization", "x-authorization", "cookie2"):
        assert status(client, **{name: f"Bearer {secret}"}) == 401
    body = Client().post(ADDRESS, {"access_token": secret}, "application/json")
    assert body.status_code == 401


@pytest.mark.parametrize(
    "shape",
    [
        "Bearer  {}", "Bearer {}x", "Bearer x{}", "Bearer {} {}", "Bearer {},{}", "Bearer: {}", "Bearer\t{}",
        "Token {}", "Basic {}", "{}", "Bearer \u00a0{}", "Bearer {}\x00", 'Bearer "{}"', "Bearer {}%00", "JWT {}",
    ],
)  # fmt: skip
def test_a_token_in_another_shape_does_not_pass_as_two(people: Town, shape: str) -> None:
    secret = secret_of(people)
    given = shape.format(secret, secret)
    # Blanks after the scheme are RFC 9110's; everything else is another token.
    assert status(authorization=given) == (
        200 if re.split("[ \t]+", given) == ["Bearer", secret] else 401
    )


def test_what_the_database_keeps_is_no_token(people: Town) -> None:
    secret = secret_of(people)
    row = ApiToken.objects.get()
    assert secret not in str(ApiToken.objects.values())
    for forged in (row.digest, row.token_key, row.token_key * 4, hashlib.sha512(b"").hexdigest()):
        assert status(authorization=f"Bearer {forged}") == 401
    forged = signing.dumps({"user": 1, "role": "super_admin"})
    assert status(authorization=f"Bearer {forged}") == 401
    assert status(authorization="Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.") == 401


def test_a_token_opens_no_console_and_a_bad_one_is_not_a_session(people: Town) -> None:
    secret = secret_of(people)
    assert status(None, "/admin/", authorization=f"Bearer {secret}") == 302
    browser = people.browser("super_admin")
    assert status(browser) == 200
    # Who sends a bad token is refused, although their cookie would do.
    assert status(browser, authorization="Bearer " + "0" * 64) == 401


def test_a_narrow_token_cannot_review_whoever_owns_it(people: Town) -> None:
    owner = people.person("super_admin")
    for scopes in (["read"], ["write"], ["read", "write"]):
        _, secret = ApiToken.objects.create(user=owner, scopes=scopes)
        answer = Client().post(
            f"{ADDRESS}/1/approve", "{}", "application/json",
            headers={"authorization": f"Bearer {secret}"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_an_inactive_persons_token_and_session_end_together(people: Town) -> None:
    secret = secret_of(people, "operator")
    browser = people.browser("operator")
    assert (status(browser), status(authorization=f"Bearer {secret}")) == (200, 200)
    User.objects.update(is_active=False)
    assert status(browser) in (401, 403)
    assert status(authorization=f"Bearer {secret}") == 401
    assert browser.get("/admin/").status_code == 302


def test_an_idempotency_key_of_another_caller_shows_nothing(people: Town) -> None:
    """The first answer of one caller is not told to another who guesses the key."""
    body = '{"url": "https://shop.example/h", "events": ["payout.paid"]}'
    made = []
    for name in ("shop", "rival"):
        client = people.program("integrator", name)
        made.append(
            client.post(
                "/api/v1/webhook-endpoints", body, "application/json",
                headers={"idempotency-key": "guessed"},
            )
        )  # fmt: skip
    first, second = made
    assert (first.status_code, second.status_code) == (201, 201), second.content
    assert "Idempotency-Replayed" not in second.headers
    assert first.json()["secret"] != second.json()["secret"]
    assert first.json()["id"] != second.json()["id"]


def test_metrics_are_not_for_whoever_comes_through_a_proxy(people: Town, settings: Any) -> None:
    assert status(None, "/metrics", **{"x-forwarded-for": "127.0.0.1"}) == 403
    assert status(None, "/metrics", forwarded="for=127.0.0.1") == 403
    settings.METRICS_TOKEN = "a-long-token"
    for given in ("", "a-long-toke", "A-LONG-TOKEN", "a-long-token "):
        assert status(None, "/metrics", authorization=f"Bearer {given}") == 403, given
