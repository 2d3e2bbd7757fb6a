"""The strict Content-Security-Policy holds because no page has inline script; and advice exists for each failure."""

import re

import pytest
from django.template.loader import render_to_string

from sandbox.stripe.faults import CATALOGUE
from tests.console.conftest import Open, crew, transfers_of
from transfers import advice
from transfers.models import Booking

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE)
HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"'](?!\")", re.IGNORECASE)


@pytest.mark.parametrize(
    "page",
    ["/admin/", "/admin/transfers/booking/", "/admin/transfers/transfer/", "/admin/audit/entry/"],
)
def test_no_inline_script_and_no_handler(at: Open, failed: Booking, page: str) -> None:
    answer = at("super_admin").get(page)
    html = answer.content.decode()
    assert not INLINE_SCRIPT.findall(html)
    assert not HANDLER.findall(html)
    policy = answer.headers["Content-Security-Policy"]
    script = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "'unsafe-inline'" not in script


def test_neither_has_the_dialog_nor_a_transfers_page(at: Open, failed: Booking) -> None:
    client = at("super_admin")
    transfer = transfers_of(failed)[1]
    for page in (
        crew(failed),
        crew(failed, "confirm/"),
        f"/admin/transfers/transfer/{transfer.pk}/change/",
        f"/admin/transfers/transfer/{transfer.pk}/retry/",
    ):
        html = client.get(page).content.decode()
        assert not INLINE_SCRIPT.findall(html), page
        assert not HANDLER.findall(html), page


@pytest.mark.parametrize(
    "code",
    [
        "balance_insufficient",
        "insufficient_capabilities_for_transfer",
        "resource_missing",
        "not_executed",
    ],
)
def test_each_failure_of_the_sandbox_has_its_own_advice(code: str) -> None:
    assert advice.after_failure(code) != advice.after_failure("something_new")


def test_no_advice_tells_anybody_to_pay_what_may_have_been_paid() -> None:
    assert CATALOGUE, "the list above follows the sandbox's permanent faults"
    permanent = {fault.name for fault in CATALOGUE.values() if fault.permanent}
    assert permanent == {"insufficient", "no_transfers", "missing", "spent"}


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
def test_pages_of_last_resort_need_no_context(name: str) -> None:
    page = render_to_string(name)
    assert "/static/console/plain.css" in page and 'href="/admin/"' in page
