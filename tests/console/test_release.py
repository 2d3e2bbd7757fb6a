"""A crew transfer whose outcome the rail does not tell is decided by two people, on its page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from access.policy import assign_role
from access.roles import Role
from rails.stripe import StripeRail
from tests.console.conftest import Open, transfers_of
from tests.sandbox_process import SandboxProcess
from tests.transfers.steps import work_when_due
from transfers.models import Booking, CrewMember, Release, Transfer
from transfers.policy import transfer_group
from transfers.rail_access import stripe_rail

NOT_MOVED = {"decision": "not_moved", "reason": "Stripe's support confirmed it"}


@pytest.fixture
def stuck(unknown: Booking, sandbox: SandboxProcess) -> Transfer:
    """Stripe has nothing of it, and it is too old to be sent again: nothing changes by itself any more."""
    sandbox.reset()
    return transfers_of(unknown)[0]


@pytest.fixture
def ben(transactional_db: None) -> Client:
    """The second person."""
    user = User.objects.create(username="ben")
    assign_role(user, Role.SUPER_ADMIN)
    client = Client()
    client.force_login(user)
    return client


def page(transfer: Transfer, name: str = "release") -> str:
    return f"/admin/transfers/transfer/{transfer.pk}/{name}/"


def now(transfer: Transfer) -> tuple[str, bool]:
    transfer.refresh_from_db()
    return transfer.status, transfer.outcome_unknown


def test_two_people_decide_on_the_transfers_page(at: Open, ben: Client, stuck: Transfer) -> None:
    ana = at("super_admin")
    shown = ana.get(f"/admin/transfers/transfer/{stuck.pk}/change/").content.decode()
    assert 'data-action="release"' in shown and 'data-action="withdraw"' not in shown
    assert ana.post(page(stuck), {"decision": "not_moved"}).status_code == 422
    assert ana.post(page(stuck), NOT_MOVED).status_code == 302
    assert now(stuck) == ("processing", True)
    assert "You proposed this" in ana.get(page(stuck)).content.decode()
    assert "Confirm as the second person" in ben.get(page(stuck)).content.decode()
    assert ben.post(page(stuck), NOT_MOVED).status_code == 302
    assert now(stuck) == ("failed", False)
    story = ben.get(f"/admin/transfers/transfer/{stuck.pk}/change/").content.decode()
    assert "Failed: two people decided that no money moved" in story
    assert "it is proven" not in story.lower()
    CrewMember.objects.update(stripe_account="acct_1ok")
    assert ben.post(page(stuck, "retry"), {"version": stuck.version}).status_code == 302
    assert work_when_due(stuck).status == "success"


def test_a_proposal_is_withdrawn(at: Open, ben: Client, stuck: Transfer) -> None:
    at("super_admin").post(page(stuck), NOT_MOVED)
    shown = ben.get(f"/admin/transfers/transfer/{stuck.pk}/change/").content.decode()
    assert 'data-action="withdraw"' in shown
    assert ben.post(page(stuck, "withdraw"), {"reason": "wait"}).status_code == 302
    assert Release.objects.get().state == "withdrawn"
    assert now(stuck) == ("processing", True)
    assert ben.post(page(stuck, "withdraw"), {"reason": "wait"}).status_code == 422


def test_an_operator_decides_nothing(at: Open, stuck: Transfer) -> None:
    operator = at("operator")
    shown = operator.get(f"/admin/transfers/transfer/{stuck.pk}/change/").content.decode()
    assert 'data-action="release"' not in shown
    assert operator.post(page(stuck), NOT_MOVED).status_code == 403
    assert not Release.objects.exists()


def test_what_the_rail_shows_counts_more_than_people(
    at: Open, unknown: Booking, sandbox: SandboxProcess
) -> None:
    transfer = transfers_of(unknown)[0]
    answer = at("super_admin").post(page(transfer), NOT_MOVED)
    assert answer.status_code == 409 and "shows it now" in answer.content.decode()
    assert now(transfer) == ("success", False)


def test_a_movement_that_is_not_exactly_what_was_asked_for(
    at: Open, ben: Client, stuck: Transfer, sandbox: SandboxProcess
) -> None:
    """Somebody paid it by hand at Stripe under the same group: neither adopted by itself nor stuck for ever."""
    request = StripeRail.build_request(
        amount_minor=stuck.amount_minor,
        currency=stuck.currency,
        destination="acct_1hand",
        group=transfer_group(stuck),
        metadata={},
    )
    stripe_rail().send(request, idempotency_key="by-hand")
    reference = sandbox.books()["transfers"][0]["id"]
    work_when_due(stuck)
    assert now(stuck) == ("processing", True)
    ana = at("super_admin")
    refused = ana.post(page(stuck), NOT_MOVED)
    assert refused.status_code == 409 and reference in refused.content.decode()
    moved = {"decision": "moved", "rail_reference": reference, "reason": "paid by hand"}
    assert ana.post(page(stuck), moved).status_code == 302
    assert ben.post(page(stuck), moved).status_code == 302
    assert now(stuck) == ("success", False)
    assert stuck.rail_reference == reference
    story = ben.get(f"/admin/transfers/transfer/{stuck.pk}/change/").content.decode()
    assert "Paid, as two people decided" in story and "Paid, proven by the rail" not in story
