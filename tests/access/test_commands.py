"""`create_operator` and `create_api_token` as the contract describes them."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from access.models import ApiToken
from access.policy import roles_of
from access.roles import Role
from audit.models import Entry

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_PASSWORD", PASSWORD)


def _create(username: str, role: str = "operator") -> None:
    call_command(
        "create_operator", username, role=role, password_env="NEW_PASSWORD", stdout=StringIO()
    )


def _token(*args: str) -> str:
    out = StringIO()
    call_command("create_api_token", *args, stdout=out)
    return out.getvalue().splitlines()[-1]


@pytest.mark.parametrize("role", list(Role))
def test_creates_a_user_with_the_role_and_the_password(
    db: None, password: None, role: Role
) -> None:
    _create("alice", role)
    user = User.objects.get(username="alice")
    assert roles_of(user) == {role}
    assert user.check_password(PASSWORD)
    assert not user.is_superuser
    entry = Entry.objects.get(subject=f"user:{user.pk}")
    assert (entry.action, entry.snapshot["roles"]) == ("user.created", [role])


def test_an_existing_user_is_left_alone(db: None, password: None) -> None:
    User.objects.create_user("alice", password="another-password-entirely")
    with pytest.raises(CommandError, match="exists already"):
        _create("alice", "super_admin")
    user = User.objects.get(username="alice")
    assert roles_of(user) == set()
    assert not user.check_password(PASSWORD)


def test_a_missing_variable_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEW_PASSWORD", raising=False)
    with pytest.raises(CommandError, match="NEW_PASSWORD"):
        _create("alice")
    assert not User.objects.exists()


def test_a_weak_password_is_refused_in_production(
    db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.DEBUG = False
    monkeypatch.setenv("NEW_PASSWORD", "password")
    with pytest.raises(CommandError, match="too common"):
        _create("alice")
    assert not User.objects.exists()


def test_a_token_is_alone_on_the_last_line_and_only_its_digest_is_kept(
    db: None, password: None
) -> None:
    _create("alice")
    secret = _token("alice", "--scope", "read", "--scope", "write", "--name", "billing")
    token = ApiToken.objects.get()
    assert len(secret) == 64
    assert token.scopes == ["read", "write"]
    assert token.name == "billing"
    assert token.expiry is not None
    assert secret not in {str(value) for value in vars(token).values()}
    entry = Entry.objects.get(subject=f"api_token:{token.pk}")
    assert (entry.action, entry.actor_kind) == ("token.created", "command")
    assert secret not in str(entry.snapshot)


def test_without_scope_the_token_has_none_of_its_own(db: None, password: None) -> None:
    _create("alice")
    _token("alice")
    assert ApiToken.objects.get().scopes == []


@pytest.mark.parametrize("trouble", ["absent", "inactive", "without-role"])
def test_no_token_for_a_user_who_could_not_use_it(db: None, password: None, trouble: str) -> None:
    if trouble == "inactive":
        _create("alice")
        User.objects.update(is_active=False)
    if trouble == "without-role":
        User.objects.create_user("alice")
    with pytest.raises(CommandError):
        _token("alice")
    assert not ApiToken.objects.exists()


def test_a_token_is_rotated_once_with_an_overlap_and_never_longer_than_its_users_rights(
    person: Callable[[str], User],
) -> None:
    user = person("integrator")
    old, secret = ApiToken.objects.create(user=user, name="shop", scopes=["read"])
    other, short = ApiToken.objects.create(user=user, expiry=timedelta(hours=1))

    def rotate(pk: int, **options: Any) -> str:
        out = StringIO()
        call_command("rotate_api_token", pk, stdout=out, **options)
        return out.getvalue().splitlines()[-1]

    def knows(secret: str) -> int:
        headers = {"authorization": f"Bearer {secret}"}
        return Client().get("/api/v1/bookings", headers=headers).status_code

    new = rotate(old.pk, overlap_hours=2)
    assert (knows(secret), knows(new)) == (200, 200)
    old.refresh_from_db()
    assert old.rotated_at is not None and old.expiry is not None
    assert timedelta(hours=1.9) < old.expiry - timezone.now() <= timedelta(hours=2)
    successor = ApiToken.objects.latest("id")
    assert (successor.name, successor.scopes, successor.user) == ("shop", ["read"], user)
    noted = Entry.objects.get(subject=f"api_token:{old.pk}", action="token.rotated")
    assert noted.snapshot == {"successor": successor.pk, "overlap_seconds": 7200}
    with pytest.raises(CommandError, match="not rotated yet"):
        rotate(old.pk)
    rotate(other.pk, overlap_hours=48)
    other.refresh_from_db()
    assert other.expiry is not None and other.expiry - timezone.now() < timedelta(hours=1.1)
    at_once = rotate(successor.pk, overlap_hours=0)
    assert (knows(new), knows(at_once), knows(short)) == (401, 200, 200)
    user.groups.clear()
    assert knows(at_once) == 403
    with pytest.raises(CommandError, match="has no role"):
        rotate(ApiToken.objects.latest("id").pk)
