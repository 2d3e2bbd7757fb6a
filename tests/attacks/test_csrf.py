"""Attack: another site makes the browser of somebody who is logged in send a form, to every address there is."""

from typing import Any

from django.test import Client
from rest_framework.views import APIView

from tests.attacks.town import Town

# Programs post there: the rails' signatures are checked, and an address that does not exist does nothing.
NO_FORMS = {"/webhooks/stripe", "/webhooks/wise", "/webhooks/", "/api/", "/api/v1/"}
# They know no session and have no method that writes: 405.
READ_ONLY = {"/api/v1/docs/", "/api/v1/schema/"}
METHODS = ("POST", "PUT", "PATCH", "DELETE")


def targets(town: Town) -> list[tuple[str, str]]:
    """(method, address) of every route that could change something."""
    found = []
    for _, address, view in town.addresses():
        if address in NO_FORMS | READ_ONLY:
            continue
        cls = getattr(view, "cls", None)
        is_api = isinstance(cls, type) and issubclass(cls, APIView)
        found += [(method, address) for method in METHODS[: 4 if is_api else 1]]
    return sorted(set(found))


def attack(town: Town, client: Client, **headers: Any) -> dict[tuple[str, str], int]:
    """What is not refused with 403."""
    passed = {}
    for method, address in targets(town):
        answer = client.generic(method, address, b"", "text/plain", headers=headers)
        if answer.status_code != 403:
            passed[method, address] = answer.status_code
    return passed


def victim(town: Town) -> Client:
    return town.browser("super_admin", enforce_csrf_checks=True)


def test_a_form_of_another_site_without_the_token(town: Town) -> None:
    client = victim(town)
    before = town.rows()
    assert len(targets(town)) > 250
    assert attack(town, client) == {}
    assert town.rows() == before


def test_a_form_of_another_site_with_a_token_that_leaked(town: Town) -> None:
    client = victim(town)
    client.get("/admin/")
    token = client.cookies["csrftoken"].value
    before = town.rows()
    headers = {"origin": "https://evil.example", "x-csrftoken": token}
    for method, address in targets(town)[::7]:
        answer = client.generic(method, address, b"", "text/plain", headers=headers)
        assert answer.status_code == 403, (method, address)
    assert town.rows() == before


def test_the_token_of_the_attackers_own_session(town: Town) -> None:
    client, own = victim(town), Client(enforce_csrf_checks=True)
    own.get("/admin/login/")
    client.get("/admin/")
    stolen = own.cookies["csrftoken"].value
    for method, address in targets(town)[::11]:
        answer = client.generic(method, address, b"", "text/plain", headers={"x-csrftoken": stolen})
        assert answer.status_code == 403, (method, address)


def test_only_what_a_rail_signs_takes_a_post_without_a_token(town: Town) -> None:
    exempt = {
        address
        for _, address, view in town.addresses()
        if getattr(view, "csrf_exempt", False) and not hasattr(view, "cls")
    }
    assert exempt <= NO_FORMS


def test_the_login_itself_needs_a_token(town: Town) -> None:
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post("/admin/login/", {"username": "x", "password": "y"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Nothing was changed" in page and "reload the page" in page


def test_a_session_does_not_speak_for_a_program_that_sends_json(town: Town) -> None:
    """`text/plain` JSON and a form: both are what a foreign page can send without being asked."""
    client = victim(town)
    payout = f"/api/v1/payouts/{town.ids['payout_id']}/approve"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post(payout, b'{"reason": "x"}', kind)
        assert answer.status_code == 403
        assert answer.json()["code"] == "permission_denied"
