"""Reviewers at the console, in the test client and in real browsers."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from access.policy import assign_role
from access.roles import Role
from tests.stack import Stack

# Playwright's own event loop runs in this thread; Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
QUEUE = "/admin/payouts/payoutrequest/"
PASSWORD = "a long enough passphrase"

expect.set_options(timeout=20_000)

At = Callable[..., Client]


def person(name: str, role: str = "super_admin") -> User:
    """Somebody of that role who can log in."""
    user, is_new = User.objects.get_or_create(username=name)
    if is_new:
        user.set_password(PASSWORD)
        user.save()
        assign_role(user, Role(role))
    return user


@pytest.fixture
def at(transactional_db: None) -> At:
    """`at("ana")`, `at("otto", "operator")`: a browser in which that person is logged in."""

    def log_in(name: str, role: str = "super_admin") -> Client:
        client = Client()
        client.force_login(person(name, role))
        return client

    return log_in


@dataclass
class Reviewer:
    """A person in front of a page; what the browser complains about is kept."""

    name: str
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def log_in(self) -> None:
        """Through the form, as people do."""
        self.page.goto(f"{self.base}/admin/")
        self.page.get_by_label("User name").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name="Overview")).to_be_visible()

    def queue(self, query: str = "") -> None:
        """The queue."""
        self.page.goto(f"{self.base}{QUEUE}{query}")
        expect(self.page.locator("tr.is-current")).to_be_visible()

    def keys(self, *keys: str) -> None:
        """One after the other, each when the page has taken in what came before it."""
        for key in keys:
            self.page.wait_for_function(
                "!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"
            )
            self.page.keyboard.press(key)


@pytest.fixture(scope="session")
def review_stack(django_db_setup: None) -> Iterator[Stack]:
    """Web and queue; no worker, so that approved requests stay where the decision put them."""
    assert str(connection.settings_dict["NAME"]).startswith("test_")
    with Stack(workers=0) as stack:
        yield stack


@pytest.fixture
def reviewer(
    transactional_db: None, browser: Browser, review_stack: Stack
) -> Iterator[Callable[[str], Reviewer]]:
    """`reviewer("ana")`: another person in a browser of their own. Anything a console complains of fails the test."""
    contexts: list[BrowserContext] = []
    people: list[Reviewer] = []

    def sit_down(name: str) -> Reviewer:
        person(name)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        page = context.new_page()
        someone = Reviewer(name, page, review_stack.web_url)
        page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        page.on(
            "console",
            # A lost race is a 409, which browsers note; everything else is a mistake.
            lambda said: (
                someone.complaints.append(said.text)
                if said.type == "error" and "409 (Conflict)" not in said.text
                else None
            ),
        )
        contexts.append(context)
        people.append(someone)
        someone.log_in()
        return someone

    yield sit_down
    for context in contexts:
        context.close()
    assert {one.name: one.complaints for one in people if one.complaints} == {}
