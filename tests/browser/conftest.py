"""A real browser on the real stack: what it logs to its console fails the test, also a violated CSP."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from tests.stack import Stack

# Set by docs/screenshots.py: where the pictures of the README are written.
PICTURES = os.environ.get("PAIDONCE_SCREENSHOTS", "")
# Long enough for a person to see each state: answers may be slow, unknown outcomes stay unknown for a while.
UNHURRIED = {
    "RAIL_TIMEOUT_SECONDS": "8",
    "LEASE_SECONDS": "20",
    "PROBE_DELAYS_SECONDS": "300,300",
}

expect.set_options(timeout=20_000)


@dataclass
class Console:
    """A person in front of a page."""

    page: Page
    stack: Stack
    passwords: dict[str, str]
    complaints: list[str] = field(default_factory=list)

    def log_in(self, username: str) -> None:
        """Through the form, as people do."""
        self.page.goto(f"{self.stack.web_url}/admin/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(self.passwords[username])
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name="Overview")).to_be_visible()

    def bookings(self) -> None:
        """The table."""
        self.page.goto(f"{self.stack.web_url}/admin/transfers/booking/")

    def open_crew(self, reference: str) -> None:
        """A click somewhere on the row, not on the link."""
        row = self.page.locator("#result_list tbody tr", has_text=reference)
        row.locator("td").nth(1).click()
        expect(self.page.locator("#crew-dialog")).to_be_visible()
        expect(self.page.locator("#crew-title")).to_contain_text(reference)

    def pay(self) -> None:
        """Pay All or Pay Rest, with its confirmation."""
        self.page.locator("#crew-pay").click()
        self.page.locator("#confirm-pay").click()
        expect(self.page.locator("#crew-confirm")).to_be_empty()

    def chips(self, tone: str) -> int:
        """How many people have a chip of this colour."""
        return self.page.locator(f"#crew-list .chip-{tone}").count()

    def wait_for_chips(self, tone: str, count: int) -> None:
        """Until so many people have a chip of this colour."""
        expect(self.page.locator(f"#crew-list .chip-{tone}")).to_have_count(count)

    def picture(self, name: str) -> None:
        """For the README, when docs/screenshots.py asks for it."""
        if PICTURES:
            self.page.mouse.move(0, 0)
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")


@pytest.fixture(scope="session")
def live_stack(django_db_setup: None) -> Iterator[Stack]:
    """One stack for all browser tests; the tables are emptied under it between them.

    It has no worker of its own: a worker would go on paying in the database of the tests that come after.
    """
    # Without a test that asks for the database, pytest-django makes no test database.
    assert str(connection.settings_dict["NAME"]).startswith("test_")
    with Stack(workers=0, environment=UNHURRIED) as stack:
        yield stack


@pytest.fixture
def console(
    transactional_db: None, browser: Browser, live_stack: Stack, tmp_path: Path
) -> Iterator[Console]:
    """Ana, a super admin, in front of the overview, with the demo's bookings."""
    live_stack.sandbox.reset()
    live_stack.empty_queue()
    live_stack.start_worker(environment=UNHURRIED)
    state = tmp_path / "demo.json"
    with override_settings(DEBUG=True):
        call_command("seed_demo", state=state, stdout=io.StringIO())
    passwords = json.loads(state.read_text())["passwords"]
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    page = context.new_page()
    someone = Console(page, live_stack, passwords)
    page.on("pageerror", lambda error: someone.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: someone.complaints.append(said.text) if said.type == "error" else None,
    )
    someone.log_in("ana")
    yield someone
    context.close()
    live_stack.kill_worker()
    assert someone.complaints == []
