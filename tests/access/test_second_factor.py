"""The second factor: who needs one, that nothing goes without it, and that it can be had, lost and replaced."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from access.policy import assign_role
from access.roles import Role
from audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"
HOME = "/admin/"


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    # The real one takes half a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_cache")


def person(name: str = "ana", role: Role = Role.SUPER_ADMIN) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    assign_role(user, role)
    return user


def log_in(name: str = "ana", password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": name, "password": password, "next": HOME})
    return client


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def enrol(client: Client) -> str:
    """What a person does: confirm the password, read the secret off the screen, type a code."""
    client.post("/account/confirm/", {"password": PASSWORD})
    secret = client.get("/account/second-factor/totp/activate/").context["form"].secret
    client.post("/account/second-factor/totp/activate/", {"code": code_for(secret)})
    return str(secret)


@pytest.mark.parametrize(
    ("role", "needs"),
    [(Role.SUPER_ADMIN, True), (Role.OPERATOR, True), (Role.AUDITOR, False)],
)
def test_who_needs_one_is_sent_to_set_it_up(role: Role, needs: bool) -> None:
    person(role=role)
    answer = log_in().get(HOME)
    if needs:
        assert (answer.status_code, answer["Location"]) == (302, "/account/second-factor/")
    else:
        assert answer.status_code == 200


def test_without_one_a_session_reaches_no_page_and_no_call() -> None:
    person()
    client = log_in()
    for path in ("/admin/transfers/transfer/", "/admin/payouts/payoutrequest/"):
        assert client.get(path)["Location"] == "/account/second-factor/"
    answer = client.get("/api/v1/transfers")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")


def test_enrolment_ends_in_the_console_and_later_logins_ask_for_a_code() -> None:
    user = person()
    before, first = log_in(), log_in()
    secret = enrol(first)
    assert Authenticator.objects.filter(user=user, type="totp").count() == 1
    # Whoever typed a code of it has shown it; the session of before has not.
    assert first.get(HOME).status_code == 200
    assert before.get(HOME)["Location"].startswith("/account/second-factor/reauthenticate/")

    later = log_in()
    assert later.get(HOME)["Location"].startswith("/admin/login/")
    wrong = later.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    later.post("/account/second-factor/authenticate/", {"code": code_for(secret)})
    assert later.get(HOME).status_code == 200
    assert Entry.objects.filter(subject=f"user:{user.pk}", action="user.logged_in").exists()


def test_a_code_works_once() -> None:
    person()
    secret = enrol(log_in())
    code = code_for(secret)
    for expected in (200, 302):
        client = log_in()
        client.post("/account/second-factor/authenticate/", {"code": code})
        assert client.get(HOME).status_code == expected


def test_a_recovery_code_works_once_instead() -> None:
    user = person()
    enrol(log_in())
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    for expected in (200, 302):
        client = log_in()
        client.post("/account/second-factor/authenticate/", {"code": codes[0]})
        assert client.get(HOME).status_code == expected


def test_the_secret_is_not_in_the_database_in_the_clear() -> None:
    secret = (person(), enrol(log_in()))[1]
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept and len(secret) >= 16


def test_who_is_promoted_in_the_middle_of_a_session_needs_one_at_once() -> None:
    user = person(role=Role.AUDITOR)
    client = log_in()
    assert client.get(HOME).status_code == 200
    assign_role(user, Role.SUPER_ADMIN)
    assert client.get(HOME)["Location"] == "/account/second-factor/"


def test_an_integrator_does_not_get_in_and_no_session_stays() -> None:
    person("robot", Role.INTEGRATOR)
    client = log_in("robot")
    assert client.get(HOME)["Location"].startswith("/admin/login/")
    assert UserSession.objects.count() == 0


def test_five_wrong_passwords_close_the_door_for_a_while_also_for_the_right_one() -> None:
    user = person()
    for _ in range(5):
        log_in(password="wrong")
    answer = Client().post("/admin/login/", {"username": "ana", "password": PASSWORD})
    assert answer.status_code == 200
    assert b"Too many failed login attempts" in answer.content
    refused = Entry.objects.filter(subject=f"user:{user.pk}", action="user.login_refused")
    assert refused.count() == 5
    # Nobody else is locked out with them.
    person("dan", Role.AUDITOR)
    assert log_in("dan").get(HOME).status_code == 200


def test_the_sixth_session_ends_the_first(settings: Settings) -> None:
    settings.SESSIONS_PER_PERSON = 2
    person("dan", Role.AUDITOR)
    first, second, third = log_in("dan"), log_in("dan"), log_in("dan")
    assert first.get(HOME).status_code == 302
    assert (second.get(HOME).status_code, third.get(HOME).status_code) == (200, 200)
    assert Session.objects.count() == 2


def test_a_person_ends_their_other_sessions() -> None:
    person("dan", Role.AUDITOR)
    lost, mine = log_in("dan"), log_in("dan")
    assert lost.get(HOME).status_code == 200
    mine.post("/account/sessions/")
    assert (lost.get(HOME).status_code, mine.get(HOME).status_code) == (302, 200)


def test_a_cookie_is_dead_after_logout_password_change_and_deactivation() -> None:
    user = person("dan", Role.AUDITOR)
    for ending in ("logout", "password", "inactive"):
        client = log_in("dan")
        stolen = Client()
        stolen.cookies["sessionid"] = client.cookies["sessionid"].value
        assert stolen.get(HOME).status_code == 200
        if ending == "logout":
            client.post("/admin/logout/")
        elif ending == "password":
            user.set_password(PASSWORD)
            user.save()
        else:
            User.objects.filter(pk=user.pk).update(is_active=False)
        assert stolen.get(HOME).status_code == 302, ending


def test_a_super_admin_ends_sessions_and_removes_a_lost_second_factor() -> None:
    lost = person("ben")
    bens = log_in("ben")
    enrol(bens)
    person()
    secret = enrol(log_in())
    ana = log_in()
    ana.post("/account/second-factor/authenticate/", {"code": code_for(secret)})
    answer = ana.post(
        "/admin/auth/user/",
        {"action": "reset_second_factor", "_selected_action": [str(lost.pk)]},
    )
    assert answer.status_code == 302
    assert not Authenticator.objects.filter(user=lost).exists()
    assert bens.get(HOME)["Location"].startswith("/admin/login/")
    assert Entry.objects.filter(
        subject=f"user:{lost.pk}", action="user.second_factor_removed", actor_name="ana"
    ).exists()


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "password/reset/", "confirm-email/", "login/code/"]
)
def test_pages_that_nobody_needs_have_no_address(path: str) -> None:
    assert Client().get(f"/account/{path}").status_code == 404
