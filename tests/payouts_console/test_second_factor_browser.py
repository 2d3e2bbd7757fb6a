"""The second factor in a real browser: an authenticator app, then a passkey, and the step-up of a large approval."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from money import Money
from payouts.selectors import get_payout
from tests.payouts.requests import make_payout
from tests.payouts_console.conftest import PASSWORD, QUEUE, person
from tests.stack import Stack

PICTURES = os.environ.get("PAIDONCE_SCREENSHOTS", "")
Sit = Callable[[], Page]


@pytest.fixture(scope="module")
def strict_stack(django_db_setup: None) -> Iterator[Stack]:
    """A web server that requires second factors. A passkey belongs to a host name, so it is `localhost` here."""
    assert str(connection.settings_dict["NAME"]).startswith("test_")
    with Stack(workers=0, environment={"REQUIRE_SECOND_FACTOR": "true", "DEBUG": "true"}) as stack:
        yield stack


@pytest.fixture
def page(transactional_db: None, browser: Browser, strict_stack: Stack) -> Iterator[Page]:
    """Whatever the console complains of, a violated CSP too, fails the test."""
    complaints: list[str] = []
    base = strict_stack.web_url.replace("127.0.0.1", "localhost")
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="en-US", base_url=base
    )
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    yield opened
    context.close()
    assert complaints == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")


def password_login(page: Page, name: str) -> None:
    page.goto("/admin/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    picture(page, "login")
    page.get_by_role("button", name="Log in").click()


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def test_app_passkey_and_a_large_approval(page: Page) -> None:
    person("ana")
    large = make_payout(amount=Money.parse("60000.00", "EUR"))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    password_login(page, "ana")
    expect(page.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    picture(page, "second-factor-none")
    page.get_by_role("link", name="Activate").click()
    page.get_by_label("Password").fill(PASSWORD)
    picture(page, "confirm-access")
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator("#authenticator_secret").input_value()
    picture(page, "second-factor-app")
    page.get_by_label("Authenticator code").fill(code_for(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.locator("#recovery_codes")).to_be_visible()
    picture(page, "recovery-codes")

    page.goto("/account/second-factor/webauthn/add/")
    page.get_by_label("Passwordless").check()
    picture(page, "passkey-add")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#recovery_codes, .account-panel, .account-table").first).to_be_visible()
    assert Authenticator.objects.filter(user__username="ana", type="webauthn").count() == 1
    page.goto("/account/second-factor/webauthn/")
    picture(page, "passkeys")
    page.goto("/account/sessions/")
    picture(page, "sessions")
    page.context.clear_cookies()

    page.goto("/admin/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    page.goto(f"{QUEUE}{large.pk}/change/")
    page.get_by_label("A large amount").fill("60000.00")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Confirm Access")).to_be_visible()
    assert get_payout(large.pk).status == "requested"
    picture(page, "step-up")
