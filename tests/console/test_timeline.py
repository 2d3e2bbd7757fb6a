"""The timeline: audit entries, attempts and webhooks in one order, refusals marked; and the overview's figures."""

import re

import pytest

from tests.console.conftest import Open, Work, transfers_of
from tests.factories import ALICE, make_booking
from tests.sandbox_process import SandboxProcess
from transfers.console.story import rail_events_of, transfer_story
from transfers.models import Booking, RailEvent, Transfer
from transfers.services.pay_crew import pay_crew
from transfers.services.retry_transfer import OutcomeUnknown, retry_transfer


def titles(transfer: Transfer) -> list[str]:
    return [one.title for one in transfer_story(transfer, list(transfer.attempts.all()))]


def test_a_failure_its_cure_and_its_retry_in_one_order(
    failed: Booking, work: Work, sandbox: SandboxProcess
) -> None:
    transfer = transfers_of(failed)[1]
    sandbox.cure("acct_no_transfers_1")
    retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    work(failed)
    assert titles(transfer) == [
        "Asked for",
        "Claimed by a worker",
        "Sent to the rail: attempt 1",
        "The rail answered: no",
        "Failed: it is proven that no money moved",
        "Retry asked for",
        "Claimed by a worker",
        "Sent to the rail: attempt 2",
        "The rail answered: it moved",
        "Paid, proven by the rail",
    ]


def test_a_refused_step_is_part_of_the_story_and_marked(at: Open, unknown: Booking) -> None:
    transfer = transfers_of(unknown)[0]
    with pytest.raises(OutcomeUnknown):
        retry_transfer(transfer_id=transfer.pk, actor=ALICE)
    page = at("auditor").get(f"/admin/transfers/transfer/{transfer.pk}/change/").content.decode()
    refused = re.findall(r'moment-refused">.*?<strong>([^<]+)</strong>', page, re.DOTALL)
    assert refused == ["Retry"]
    assert "Refused: somebody was faster" in page and "user alice" in page


def test_a_lost_answer_shows_each_doubt_and_its_end(unknown: Booking, work: Work) -> None:
    work(unknown)
    transfer = transfers_of(unknown)[0]
    story = titles(transfer)
    assert story.index("No clear answer") < story.index("Outcome unknown: asked again by itself")
    assert story[-1] == "Paid, proven by the rail"


def test_webhooks_about_the_debt_stand_in_its_timeline(at: Open, paid: Booking) -> None:
    transfer, other = transfers_of(paid)
    RailEvent.objects.create(
        rail="stripe",
        event_id="evt_mine",
        type="transfer.created",
        payload={"data": {"object": {"transfer_group": f"transfer:{transfer.debt_key}"}}},
        result="known already",
    )
    assert [one.event_id for one in rail_events_of(transfer)] == ["evt_mine"]
    assert rail_events_of(other) == []
    page = at("auditor").get(f"/admin/transfers/transfer/{transfer.pk}/change/").content.decode()
    assert "Webhook: transfer.created" in page and "evt_mine" in page


def test_a_bookings_timeline_names_each_person(at: Open, paid: Booking) -> None:
    page = at("auditor").get(f"/admin/transfers/booking/{paid.pk}/timeline/").content.decode()
    for transfer in transfers_of(paid):
        assert page.count(f"· {transfer.payee_name}") == 3, "asked for, claimed, paid"


def test_the_transfers_page_shows_key_request_and_evidence(at: Open, failed: Booking) -> None:
    transfer = transfers_of(failed)[1]
    attempt = transfer.attempts.get()
    page = at("auditor").get(f"/admin/transfers/transfer/{transfer.pk}/change/").content.decode()
    for words in (attempt.idempotency_key, "acct_no_transfers_1", "HTTP status", "req_"):
        assert words in page


def test_the_overview_counts_what_is_so(at: Open, paid: Booking, work: Work) -> None:
    moving = make_booking("acct_1m", reference="BK-moving")
    lost = make_booking("acct_silent_2", reference="BK-lost")
    pay_crew(reference=lost.reference, actor=ALICE)
    work(lost)
    pay_crew(reference=moving.reference, actor=ALICE)
    context = at("operator").get("/admin/").context
    cards = {card.title: card for card in context["cards"]}
    assert cards["Paid today"].figure == "$900.00"
    assert cards["Paid today"].note.startswith("2 transfers")
    assert cards["On the way"].figure == "$900.00"
    assert cards["Needs attention"].figure == "1"
    assert cards["Unknown outcomes"].figure == "1"
    assert sum(bar.count for bar in context["bars"]) == 2
