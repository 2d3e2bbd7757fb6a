"""Addresses that belong to no room in particular: redirects, unknown ones, the docs page."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/admin"])
def test_people_end_up_in_the_console(client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, "/admin/")


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/bookings/",
        "/api/v1/nothing",
        "/api/v1/",
        "/api/v2/bookings",
        "/webhooks/nobody",
        "/api/v1/transfers/-1",
        "/api/v1/transfers/x/retry",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_addresses_are_problems_for_programs(
    client: Client, address: str, method: str
) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(address)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_a_method_that_an_address_does_not_have_is_405(admin_client: Client) -> None:
    response = admin_client.delete("/api/v1/bookings/BK-1")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_the_docs_page_loads_nothing_from_elsewhere_and_nothing_inline(client: Client) -> None:
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<script>" not in text
    assert "https://" not in text
    assert "script-src 'self'" in page["Content-Security-Policy"]
    schema = client.get("/api/v1/schema/")
    assert schema.status_code == 200
