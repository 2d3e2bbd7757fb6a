"""Users, roles and tokens in the console: who sees them, who changes them, and what is never shown."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.models import ApiToken
from audit.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.access.urls")]
Person = Callable[[str], User]
TokenFor = Callable[..., tuple[ApiToken, str]]
TOKENS = "/admin/access/apitoken/"


def _revoke(client: Client, token: ApiToken) -> int:
    form = {"action": "revoke", "_selected_action": [token.pk]}
    return client.post(TOKENS, form).status_code


@pytest.mark.parametrize(
    ("role", "page", "status"),
    [
        ("super_admin", TOKENS, 200),
        ("super_admin", "/admin/auth/user/", 200),
        ("super_admin", "/admin/auth/user/add/", 200),
        ("super_admin", "/admin/auth/group/", 200),
        ("super_admin", "/admin/guard/idempotencyrecord/", 200),
        ("auditor", TOKENS, 200),
        ("auditor", "/admin/auth/user/", 200),
        ("auditor", "/admin/auth/user/add/", 403),
        ("operator", TOKENS, 403),
        ("operator", "/admin/auth/user/", 403),
        ("integrator", TOKENS, 302),
    ],
)
def test_pages_open_for_whom_the_policy_says(
    client: Client, person: Person, role: str, page: str, status: int
) -> None:
    client.force_login(person(role))
    assert client.get(page).status_code == status


def test_digest_and_key_are_never_shown(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    admin = person("super_admin")
    token, _ = token_for(admin, name="billing")
    client.force_login(admin)
    for page in (TOKENS, f"{TOKENS}{token.pk}/change/"):
        text = client.get(page).content.decode()
        assert "billing" in text
        assert token.digest not in text
        assert token.token_key not in text


def test_revoking_is_a_post_works_at_once_and_is_audited(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    admin = person("super_admin")
    token, secret = token_for(admin)
    client.force_login(admin)
    assert client.get(TOKENS, {"action": "revoke", "_selected_action": token.pk}).status_code in (
        200,
        302,
    )
    assert ApiToken.objects.get().revoked_at is None
    assert _revoke(client, token) == 302
    assert ApiToken.objects.get().revoked_at is not None
    headers = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me", headers=headers).status_code == 401
    entry = Entry.objects.get(subject=f"api_token:{token.pk}")
    assert (entry.action, entry.actor_name) == ("token.revoked", admin.username)


def test_an_auditor_cannot_revoke(client: Client, person: Person, token_for: TokenFor) -> None:
    token, _ = token_for(person("operator"))
    client.force_login(person("auditor"))
    _revoke(client, token)
    assert ApiToken.objects.get().revoked_at is None


def test_users_and_tokens_cannot_be_deleted(
    client: Client, person: Person, token_for: TokenFor
) -> None:
    admin = person("super_admin")
    token, _ = token_for(admin)
    client.force_login(admin)
    assert client.post(f"{TOKENS}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/auth/user/{admin.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiToken.objects.count() == 1


def test_a_changed_user_is_audited(client: Client, person: Person) -> None:
    other = person("operator")
    client.force_login(person("super_admin"))
    form = {"username": other.username, "is_active": "", "groups": []}
    response = client.post(f"/admin/auth/user/{other.pk}/change/", form)
    assert response.status_code == 302, response.content[-2000:]
    assert not User.objects.get(pk=other.pk).is_active
    entry = Entry.objects.get(subject=f"user:{other.pk}")
    assert entry.action == "user.changed"
    assert entry.snapshot["roles"] == []
