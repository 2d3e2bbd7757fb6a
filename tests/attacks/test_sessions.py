"""Attack: go on with a session that should have ended, or that was planted before the victim logged in."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.policy import assign_role
from access.roles import Role
from tests.access.test_second_factor import code_for, enrol
from tests.attacks.town import PASSWORD, Town
from tests.payouts.requests import make_payout

pytestmark = pytest.mark.django_db
HOME = "/admin/"


@pytest.fixture
def people(db: None) -> Town:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_cache")
    return Town()


def log_in(people: Town, role: str, client: Client | None = None) -> Client:
    user = people.person(role)
    user.set_password(PASSWORD)
    user.save()
    client = client or Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    return client


def test_a_planted_session_id_is_not_the_one_after_login(people: Town) -> None:
    planted = SessionStore()
    planted["x"] = 1
    planted.create()
    victim = Client()
    victim.cookies["sessionid"] = planted.session_key or ""
    log_in(people, "auditor", victim)
    assert victim.get(HOME).status_code == 200
    assert victim.cookies["sessionid"].value != planted.session_key
    thief = Client()
    thief.cookies["sessionid"] = planted.session_key or ""
    assert thief.get(HOME).status_code == 302


def test_a_demotion_holds_in_the_middle_of_a_session(people: Town) -> None:
    payout = make_payout()
    client = people.browser("super_admin")
    page = f"/admin/payouts/payoutrequest/{payout.pk}"
    assert client.get(f"{page}/review/").status_code == 200
    assign_role(people.person("super_admin"), Role.AUDITOR)
    for verb in ("approve", "reject", "kyc", "reveal", "claim"):
        answer = client.post(f"{page}/{verb}/", {"reason": "mine", "status": "approved"})
        assert answer.status_code == 403, verb
    called = client.post(f"/api/v1/payouts/{payout.pk}/approve", "{}", "application/json")
    assert called.status_code == 403
    payout.refresh_from_db()
    assert payout.status == "requested"
    assign_role(people.person("super_admin"), Role.INTEGRATOR)
    assert client.get(HOME).status_code == 302


def test_a_cookie_is_dead_when_its_session_row_is_gone_or_old(people: Town) -> None:
    client = people.browser("auditor")
    assert client.get(HOME).status_code == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(HOME).status_code == 302
    again = people.browser("auditor")
    Session.objects.all().delete()
    assert again.get(HOME).status_code == 302


@pytest.mark.parametrize("forged", ["", "x", "0" * 32, "../../etc/passwd", "' OR 1=1 --", "é" * 9])
def test_a_forged_cookie_is_nobody(people: Town, forged: str) -> None:
    people.browser("auditor")
    client = Client()
    client.cookies["sessionid"] = forged
    assert client.get(HOME).status_code == 302
    assert client.get("/api/v1/payouts").status_code in (401, 403)


def test_a_signed_cookie_of_our_own_key_is_no_session(people: Town) -> None:
    """Sessions live in the database: whoever has SECRET_KEY cannot write one into a cookie."""
    user = people.person("super_admin")
    client = Client()
    client.cookies["sessionid"] = signing.dumps({"_auth_user_id": str(user.pk)}, compress=True)
    assert client.get(HOME).status_code == 302


def test_a_password_change_ends_the_thiefs_session_and_keeps_mine(people: Town) -> None:
    mine = log_in(people, "auditor")
    thief = log_in(people, "auditor", Client())
    mine = log_in(people, "auditor")
    new = "another-long-passphrase"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert mine.post("/account/password/", form).status_code == 302
    assert thief.get(HOME).status_code == 302
    assert mine.get(HOME).status_code == 200


def test_get_does_not_log_anybody_out(people: Town) -> None:
    client = people.browser("auditor")
    for address in ("/admin/logout/", "/account/logout/"):
        client.get(address)
        assert client.get(HOME).status_code == 200, address


class TestSecondFactor:
    """Where it is required."""

    @pytest.fixture(autouse=True)
    def _required(self, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR = True

    def test_a_session_from_before_finds_no_recovery_codes_and_adds_no_passkey(
        self, people: Town
    ) -> None:
        """It was stolen before its owner set up an app. The thief knows the password too."""
        stolen = log_in(people, "super_admin")
        owner = Client()
        owner.post("/admin/login/", {"username": "the-super_admin", "password": PASSWORD})
        enrol(owner)
        stolen.post("/account/confirm/", {"password": PASSWORD})
        rows = list(Authenticator.objects.order_by("pk").values())
        codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
        base = "/account/second-factor/"
        for page in (
            "recovery-codes/", "recovery-codes/download/", "recovery-codes/generate/", "totp/deactivate/",
            "totp/activate/", "webauthn/", "webauthn/add/", "",
        ):  # fmt: skip
            for answer in (stolen.get(base + page), stolen.post(base + page, {})):
                assert answer.status_code in (302, 405), page
                assert not any(code in answer.content.decode() for code in codes), page
        assert list(Authenticator.objects.order_by("pk").values()) == rows
        assert owner.get(HOME).status_code == 200
        assert stolen.get(HOME).status_code == 302

    def test_half_a_login_opens_nothing_whatever_the_path(self, people: Town) -> None:
        enrol(log_in(people, "super_admin"))
        half = log_in(people, "super_admin")
        for path in (
            "/admin/", "/admin//", "/admin/transfers/booking/", "/account/login/../../admin/",
            "/account/%2e%2e/admin/", "/static/../admin/", "//admin/", "/admin/login/../", "/account/password/",
            "/account/sessions/", "/account/second-factor/recovery-codes/", "/api/v1/payouts", "/ADMIN/",
        ):  # fmt: skip
            for ask in (half.get, half.post, half.head):
                assert ask(path).status_code in (301, 302, 401, 403, 404), path
        assert half.get("/api/v1/payouts").status_code in (401, 403)

    def test_a_wrong_code_is_not_tried_for_ever(self, people: Town) -> None:
        enrol(log_in(people, "super_admin"))
        half = log_in(people, "super_admin")
        pages = [
            half.post("/account/second-factor/authenticate/", {"code": f"{n:06}"})
            for n in range(40)
        ]
        assert b"Too many" in pages[-1].content or pages[-1].status_code in (302, 429)
        assert half.get(HOME).status_code == 302

    def test_a_code_of_somebody_else_is_no_code(self, people: Town) -> None:
        secret = enrol(log_in(people, "operator"))
        enrol(log_in(people, "super_admin"))
        half = log_in(people, "super_admin")
        half.post("/account/second-factor/authenticate/", {"code": code_for(secret)})
        assert half.get(HOME).status_code == 302

    def test_the_api_with_a_session_needs_it_too(self, people: Town) -> None:
        payout = make_payout()
        client = log_in(people, "super_admin")
        for path in ("", "/approve", "/reject", "/claim"):
            address = f"/api/v1/payouts/{payout.pk}{path}"
            answer: Any = client.post(address, "{}", "application/json") if path else client.get(address)  # fmt: skip
            assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
        payout.refresh_from_db()
        assert payout.status == "requested"
