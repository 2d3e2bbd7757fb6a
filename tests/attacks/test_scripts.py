"""Attack: a script in every text that somebody outside can write, in front of a real browser, on every page."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect

from tests.attacks.town import Town
from tests.stack import Stack

# Out of a text, an attribute, a script, JSON, an Alpine expression, a template; `data-pwn` is the trace of each.
POLYGLOTS = (
    "'\"></script><img data-pwn src=x onerror=pwn()>",
    "--></style></textarea></title><svg data-pwn onload=pwn()>",
    '"><b data-pwn x-data x-init="pwn()" hx-get=\'/x\' hx-trigger=load>',
    '\';pwn();//"+pwn()+"`${pwn()}`<b data-pwn>',
    "{{pwn()}}{%x%}<b data-pwn x-text='pwn()'>",
    "javascript:pwn()//<a data-pwn href=javascript:pwn()>",
    "<iframe data-pwn srcdoc='<script>parent.pwn()</script>'>",
    "\\u003cimg data-pwn src=x onerror=pwn()\\u003e<b data-pwn>",
)
WATCH = "window.ran = 0; window.pwn = () => { window.ran += 1; return ''; };"
TRACES = (
    "[window.ran, document.querySelectorAll('[data-pwn], iframe, a[href^=\"javascript:\"]').length]"
)
NOT_OPENED = re.compile(
    r"logout|export|jsi18n|autocomplete|password_change|/account/|/delete/|/history/|\(|solar|clocked|crontab|interval"
    r"|/r/|/live/|/changes/"
)


@dataclass
class Villain:
    """Who is called like that, everywhere."""

    turn: Iterator[str] = field(default_factory=lambda: itertools.cycle(POLYGLOTS))
    said: int = 0

    def __call__(self, what: str, most: int) -> str:
        self.said += 1
        text = next(self.turn)
        return f"{text}{self.said}"[:most] if most > 40 else "<b data-pwn>"[:most]


@dataclass
class Screen:
    """A browser in which somebody is logged in; whatever it complains of is kept."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and "Failed to load resource" not in said.text:
            self.complaints.append(f"{self.page.url}: {said.text}")

    def refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str) -> str:
        answer = self.page.goto(f"{self.base}{address}", wait_until="load")
        assert answer is not None and answer.status < 500, (address, answer and answer.status)
        assert self.page.evaluate(TRACES) == [0, 0], address
        return self.page.content()


def log_in(context: BrowserContext, stack: Stack, town: Town, name: str) -> None:
    """By a session that is signed with the stack's key, as its own login page would make it."""
    with override_settings(SECRET_KEY="a-secret-of-the-tests"):
        client = Client()
        client.force_login(town.person("super_admin", name))
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": stack.web_url}])


@pytest.fixture
def screen(transactional_db: None, browser: Browser, besieged: Stack) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    shown = Screen(page, besieged.web_url)
    page.on("console", shown.hear)
    page.on("pageerror", lambda error: shown.complaints.append(f"{page.url}: {error}"))
    page.on("dialog", shown.refuse)
    yield shown
    context.close()


def test_no_text_becomes_a_script_on_any_page(screen: Screen, besieged: Stack) -> None:
    town = Town(say=Villain()).build()
    town.reversal()
    name = POLYGLOTS[0][:140]
    log_in(screen.page.context, besieged, town, name)
    pages = {
        address
        for _, address, _ in town.addresses()
        if address.startswith("/admin/") and not NOT_OPENED.search(address)
    }
    pages |= {
        f"/admin/payouts/payoutrequest/{town.ids['failed_payout']}/change/",
        "/admin/payouts/payoutrequest/?status=any",
        f"/admin/transfers/transfer/{town.ids['unknown_id']}/change/",
        f"/pay/{town.ids['token']}",
        "/account/sessions/",
        "/admin/transfers/booking/?q=" + "%22%3E%3Cb%20data-pwn%3E",
        "/admin/<b data-pwn>/",
    }
    assert len(pages) > 45
    shown = [screen.open(address) for address in sorted(pages)]
    assert screen.complaints == []
    # As text they are there: the pages do show what was planted.
    assert sum("data-pwn" in html for html in shown) > 25


def test_nor_does_one_in_what_scripts_of_ours_put_into_a_page(
    screen: Screen, besieged: Stack
) -> None:
    """Dialogs and sheets that are fetched and put in by htmx."""
    town = Town(say=Villain()).build()
    log_in(screen.page.context, besieged, town, "ana")
    page = screen.page
    screen.open("/admin/transfers/booking/")
    page.locator("#result_list tbody tr").first.locator("td").nth(1).click()
    expect(page.locator("#crew-dialog")).to_be_visible(timeout=20_000)
    expect(page.locator("#crew-list")).to_contain_text("data-pwn")
    assert page.evaluate(TRACES) == [0, 0]
    screen.open("/admin/payouts/payoutrequest/")
    page.locator("tr.is-current").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert page.evaluate(TRACES) == [0, 0]
    assert screen.complaints == []
