"""A person with regions: every address, page, list, file, figure and command, each with an object of another region."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.models import RegionScope
from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from money import Money
from payouts.models import Commission, PayoutRequest
from payouts.services.accrue_commission import accrue_commission
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.set_kyc import set_kyc
from tests.console.test_get_changes_nothing import addresses
from tests.payouts.conftest import Caller
from tests.payouts.requests import ANA, MAKER, OTTO, bring, the_transfer
from tests.transfers_api.openapi import document
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding, Transfer

pytestmark = pytest.mark.django_db
HUNDRED = Money(10_000, "EUR")
_DELIVERY = "webhooks_webhookdelivery"
_STELLAR = "transfers_stellarenvelope"
_ABOUT = ("payouts_", "transfers_transfer", "transfers_finding", _STELLAR, "audit_entry", _DELIVERY)
NAMED = ("payout_id", "commission_id", "external_id", "transfer_id", "finding_id")


@dataclass(frozen=True)
class Everything:
    """One row of each kind in one region; `mark` is in every text about it."""

    mark: str
    payout: PayoutRequest
    commission: Commission
    transfer: Transfer
    finding: Finding
    delivery: int

    def argument(self, name: str) -> str:
        """What stands for `name` in an address of the API."""
        return {
            "payout_id": str(self.payout.pk),
            "commission_id": str(self.commission.pk),
            "external_id": self.mark,
            "transfer_id": str(self.transfer.pk),
            "finding_id": str(self.finding.pk),
        }[name]

    def ids(self) -> dict[str, str]:
        """The same for the console's addresses."""
        return {
            "payout_id": str(self.payout.pk),
            "payouts_payoutrequest": str(self.payout.pk),
            "commission_id": str(self.commission.pk),
            "payouts_commission": str(self.commission.pk),
            "transfer_id": str(self.transfer.pk),
            "transfers_transfer": str(self.transfer.pk),
            "finding_id": str(self.finding.pk),
            "transfers_finding": str(self.finding.pk),
            "delivery_id": str(self.delivery),
            _DELIVERY: str(self.delivery),
            "audit_entry": str(self.entry.pk),
        }

    @property
    def entry(self) -> Entry:
        """The first thing that happened to the request."""
        return Entry.objects.filter(subject=f"payout:{self.payout.pk}").earliest("id")


def everything(region: str, mark: str) -> Everything:
    endpoint = make_endpoint()
    payee = NewPayee(mark, f"Person {mark}", region)
    commission = accrue_commission(
        reference=f"C-{mark}", payee=payee, amount=HUNDRED, earned_for=mark, actor=MAKER
    )
    payout = create_payout(payee=payee, amount=HUNDRED, rail="wise", recipient=OTTO, actor=MAKER)
    set_kyc(external_id=mark, status="approved", actor=ANA, note="seen")
    bring(payout, "processing")
    transfer = the_transfer(payout.pk)
    finding = Finding.objects.create(
        subject=f"transfer:{transfer.pk}", kind="moved_twice", detail=f"about {mark}"
    )
    create_payout(payee=payee, amount=HUNDRED, rail="wise", recipient=OTTO, actor=MAKER)
    delivery = endpoint.deliveries.earliest("id").pk
    return Everything(
        mark, PayoutRequest.objects.get(pk=payout.pk), commission, transfer, finding, delivery
    )


@pytest.fixture
def ours(db: None) -> Everything:
    return everything("TR", "ours-tr")


@pytest.fixture
def theirs(db: None) -> Everything:
    return everything("EU", "theirs-eu")


def held(user: User, *regions: str) -> User:
    for region in regions:
        RegionScope.objects.create(user=user, region=region)
    return user


@pytest.fixture
def tuna(caller: Callable[..., Caller]) -> Caller:
    """A super admin's token; she is held to TR."""
    found = caller("super_admin", "tuna")
    held(found.user, "TR")
    return found


@pytest.fixture
def desk(tuna: Caller) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(tuna.user)
    return client


def operations(*names: str) -> Iterator[tuple[str, str]]:
    """(method, path below /api/v1/) of each operation whose address names one of these."""
    for path, found in document()["paths"].items():
        if any(f"{{{name}}}" in path for name in names):
            for method in found:
                yield method, path.removeprefix("/api/v1/")


def call(caller: Caller, method: str, path: str) -> Any:
    if method in ("get", "delete"):
        return getattr(caller, method)(path)
    return getattr(caller, method)(path, {})


def test_no_operation_finds_what_belongs_to_another_region(
    tuna: Caller, ours: Everything, theirs: Everything
) -> None:
    seen = list(operations(*NAMED))
    assert len(seen) > 20
    for method, path in seen:
        name = next(one for one in NAMED if f"{{{one}}}" in path)
        before = Entry.objects.filter(outcome="denied", reason="other_region").count()
        answer = call(tuna, method, path.replace(f"{{{name}}}", theirs.argument(name)))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
        denied = Entry.objects.filter(outcome="denied", reason="other_region").count() - before
        assert denied == (method != "get"), (method, path)
        with transaction.atomic():
            mine = call(tuna, method, path.replace(f"{{{name}}}", ours.argument(name)))
            assert mine.status_code != 404, (method, path)
            transaction.set_rollback(True)
    missing, hidden = (
        tuna.get("payouts/999999").json(),
        tuna.get(f"payouts/{theirs.payout.pk}").json(),
    )
    assert missing["detail"].replace("999999", str(theirs.payout.pk)) == hidden["detail"]


def test_lists_hold_what_is_seen_and_cost_one_query_less_than_they_could(
    tuna: Caller, ana: Caller, ours: Everything, theirs: Everything
) -> None:
    for path in ("payouts", "commissions", "transfers", "findings", "audit/entries?limit=200"):
        told = tuna.get(path).content.decode()
        all_of_it = ana.get(path).content.decode()
        for pk in (ours, theirs):
            assert str(pk.payout.pk) and (pk.mark in all_of_it or "audit" in path), path
        assert theirs.mark not in told and f'"payout:{theirs.payout.pk}"' not in told, path
        assert f'"transfer:{theirs.transfer.pk}"' not in told, path
        assert ours.mark in told, path
    with CaptureQueriesContext(connection) as mine:
        tuna.get("payouts")
    with CaptureQueriesContext(connection) as anas:
        ana.get("payouts")
    assert len(mine) == len(anas), "a token's regions are read with it"


def test_no_page_shows_what_belongs_to_another_region(
    desk: Client, ours: Everything, theirs: Everything
) -> None:
    looked_at = 0
    for name, address in addresses(theirs.ids()):
        if not name.startswith(_ABOUT):
            continue
        one = re.search(r"/\d+/", address) is not None
        for answer in (desk.get(address), desk.post(address, {"reason": "x"})):
            content = b"".join(answer) if answer.streaming else answer.content
            assert theirs.mark not in content.decode(), (name, address)
            if one and answer.status_code not in (403, 405):
                # Django leads away from a row that is not there.
                looks_first = name.endswith(("_history", "_delete", "_change"))
                redirected = looks_first and answer.status_code == 302
                assert answer.status_code == 404 or redirected, (name, answer.status_code)
            looked_at += 1
    assert looked_at > 60
    for page in ("", "payouts/payoutrequest/?status=any", "transfers/transfer/", "audit/entry/"):
        text = desk.get(f"/admin/{page}").content.decode()
        assert theirs.mark not in text and f"payout:{theirs.payout.pk}<" not in text, page
    assert ours.mark in desk.get("/admin/payouts/payoutrequest/").content.decode()
    assert PayoutRequest.objects.filter(status="processing").count() == 2


def test_bulk_live_changes_and_figures_leave_others_out(
    desk: Client, ours: Everything, theirs: Everything
) -> None:
    base = "/admin/payouts/payoutrequest/"
    everybody = list(PayoutRequest.objects.filter(status="requested").values_list("pk", flat=True))
    form = {"verb": "reject", "reason": "no", "step": "do", "selected": everybody}
    answer = desk.post(f"{base}bulk/", form)
    assert theirs.mark not in answer.content.decode()
    rejected = PayoutRequest.objects.filter(status="rejected")
    assert {one.region for one in rejected} == {"TR"}
    live = desk.get(f"{base}live/", {"ids": ",".join(map(str, everybody)), "newest": "1"})
    assert theirs.mark not in live.content.decode()
    theirs_waiting = PayoutRequest.objects.get(status="requested", region="EU")
    assert f'payout-state-{theirs_waiting.pk}"' not in live.content.decode()
    changes = desk.get(f"{base}changes/", {"since": "0"}).content.decode()
    assert ours.mark in changes and theirs.mark not in changes
    cards = {card.title: card.figure for card in desk.get("/admin/").context["review_cards"]}
    assert (cards["Waiting"], cards["Unknown"]) == ("0", "0")
    assert "Wise balance" not in cards


def test_nothing_is_written_down_for_another_region(
    tuna: Caller, ours: Everything, theirs: Everything
) -> None:
    def ask(external_id: str, region: str = "") -> Any:
        payee = {"external_id": external_id, "name": "N"} | ({"region": region} if region else {})
        body = {
            "payee": payee,
            "amount": "1.00",
            "currency": "EUR",
            "rail": "wise",
            "recipient": OTTO,
        }
        return tuna.post("payouts", body, idempotency_key=f"{external_id}{region}")

    before = PayoutRequest.objects.count()
    assert ask(theirs.mark).status_code == 404
    assert ask("new-one", "EU").status_code == 403
    assert PayoutRequest.objects.count() == before
    assert ask("new-one", "TR").status_code == 201
    moved = tuna.put(f"payees/{ours.mark}", {"name": "N", "region": "EU"})
    assert (moved.status_code, moved.json()["code"]) == (403, "permission_denied")
    body = {"commissions": [theirs.commission.pk], "rail": "wise", "recipient": OTTO}
    answer = tuna.post("commissions/payouts", body, idempotency_key="k")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_found")


def test_commands_ask_as_well(ours: Everything, theirs: Everything) -> None:
    held(User.objects.create_user("timur"), "TR")
    assign_role(User.objects.get(username="timur"), Role.SUPER_ADMIN)
    told = {"apply": True, "actor": "timur", "reason": "x", "stdout": io.StringIO()}
    with pytest.raises(CommandError, match=f"not_found: There is no payout {theirs.payout.pk}"):
        call_command("payout_release", theirs.payout.pk, outcome="moved", **told)
    denied = Entry.objects.get(subject=f"payout:{theirs.payout.pk}", outcome="denied")
    assert denied.reason == "other_region"


def test_regions_are_edited_on_the_persons_page_audited_and_hold_at_the_next_request(
    caller: Callable[..., Caller], ours: Everything, theirs: Everything
) -> None:
    zoe = caller("super_admin", "zoe")
    desk, boss = Client(), Client()
    desk.force_login(zoe.user)
    boss.force_login(caller("super_admin", "boss").user)
    page = f"/admin/payouts/payoutrequest/{theirs.payout.pk}/change/"

    def hold_to(text: str) -> Any:
        form = {"username": "zoe", "is_active": "on", "is_staff": "on", "regions": text}
        form["groups"] = str(zoe.user.groups.get().pk)
        return boss.post(f"/admin/auth/user/{zoe.user.pk}/change/", form)

    assert desk.get(page).status_code == 200
    assert hold_to("tr, us").status_code == 302
    assert desk.get(page).status_code == 404
    assert zoe.get(f"payouts/{theirs.payout.pk}").status_code == 404
    entry = Entry.objects.filter(subject=f"user:{zoe.user.pk}", action="user.changed").latest("id")
    assert entry.snapshot["regions"] == ["TR", "US"]
    assert "TR, US" in boss.get("/admin/auth/user/").content.decode()
    assert "not a region" in hold_to("far too long").content.decode()
    assert hold_to("").status_code == 302
    assert desk.get(page).status_code == 200
    assert zoe.get(f"payouts/{theirs.payout.pk}").status_code == 200


def test_a_page_asks_for_the_regions_once(desk: Client, ours: Everything) -> None:
    for address in (
        "",
        f"payouts/payoutrequest/{ours.payout.pk}/change/",
        "payouts/payoutrequest/",
    ):
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(f"/admin/{address}").status_code == 200
        assert sum('FROM "access_regionscope"' in one["sql"] for one in queries) == 1, address


def test_an_account_that_others_use_is_told_without_their_name(
    desk: Client, ours: Everything, theirs: Everything
) -> None:
    waiting = PayoutRequest.objects.get(status="requested", region="TR")
    page = desk.get(f"/admin/payouts/payoutrequest/{waiting.pk}/change/").content.decode()
    assert "Same account elsewhere" in page and theirs.mark not in page
    assert "somebody in another region" in page
