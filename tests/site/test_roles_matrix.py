"""docs/roles.md against the running site: every operation, page, action and command, with everybody there is.

The page is generated from the code that decides (`generate_roles`) and is the oracle here: what it says "yes" to is not
refused, and everything else is, before anything about the request itself is looked at.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, RequestFactory

from access.models import ApiToken
from access.policy import assign_role
from access.roles import CAPABILITY_SCOPE, CONSOLE_ROLES, SCOPES, Role
from audit.models import Entry, Seal
from audit.seal import seal_entries
from checkout.models import CheckoutSession
from guard.management.commands.state_machines import state_machines
from guard.models import IdempotencyRecord
from payouts_site.management.commands.generate_roles import TARGET
from payouts_site.roles_page.page import roles_page
from tests.console.test_get_changes_nothing import addresses
from tests.factories import ALICE, make_booking
from tests.payouts.commissions import make_commission
from tests.payouts.requests import make_payout
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Finding, Transfer
from transfers.services.pay_crew import pay_crew

pytestmark = pytest.mark.django_db
_ROW = re.compile(r"\| `([^`]+)` \| `?([^`|]*)`? \| (.*) \|")
OPTIONS: dict[str, dict[str, Any]] = {
    "payout_release": {"outcome": "moved"},
    "payout_reissue": {"iban": "DE89370400440532013000", "holder": "Otto Muster"},
    "payout_confirm": {},
    "payout_cancel_transfer": {},
    "pause_rail": {"rail": "stripe"},
    "resume_rail": {"rail": "stripe"},
    "freeze_dispatch": {},
    "unfreeze_dispatch": {},
    "compare_with_rail": {},
    "adopt_movement": {},
    "correct_account": {"words": ("BK-1", "u1", "acct_1x")},
}


@dataclass(frozen=True)
class Row:
    """One line of the page."""

    name: str
    capability: str
    roles: frozenset[str]


def table(*kinds: str) -> list[Row]:
    """The lines about these kinds of way in."""
    found = []
    for line in TARGET.read_text().splitlines():
        match = _ROW.fullmatch(line)
        if match and match[1].partition(" ")[0] in kinds:
            marks = [one.strip() for one in match[3].split("|")]
            yes = {role.value for role, mark in zip(Role, marks, strict=True) if mark == "yes"}
            found.append(Row(match[1], match[2], frozenset(yes)))
    return found


@dataclass
class Somebody:
    """A caller: what they hold, and how they come."""

    name: str
    role: str = ""
    scopes: tuple[str, ...] = ()
    active: bool = True
    staff: bool = False
    client: Client = field(default_factory=Client)
    user: User | None = None

    def may(self, row: Row) -> bool:
        """What the page says."""
        if not self.active or self.role not in row.roles:
            return False
        return not self.scopes or CAPABILITY_SCOPE[row.capability] in self.scopes  # type: ignore[index]


def user_of(somebody: Somebody) -> User:
    user = User.objects.create_user(f"the-{somebody.name.replace(' ', '-')}")
    if somebody.role:
        assign_role(user, Role(somebody.role))
    if somebody.staff:
        User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


def callers() -> list[Somebody]:
    people = [Somebody(role.value, role.value) for role in Role]
    people += [Somebody(f"super_admin {one}", "super_admin", (one,)) for one in SCOPES]
    people += [Somebody("nobody"), Somebody("inactive", "super_admin", active=False)]
    for one in people:
        one.user = user_of(one)
        _, secret = ApiToken.objects.create(user=one.user, scopes=list(one.scopes))
        one.client = Client(headers={"authorization": f"Bearer {secret}"})
        if not one.active:
            User.objects.filter(pk=one.user.pk).update(is_active=False)
    return [*people, Somebody("anonymous", active=False)]


def at_the_console() -> list[Somebody]:
    people = [Somebody(role.value, role.value) for role in Role]
    people += [
        Somebody("nobody"),
        Somebody("inactive", "super_admin", active=False),
        Somebody("staff without a role", staff=True),
    ]
    for one in people:
        one.user = user_of(one)
        one.client.force_login(one.user)
        if not one.active:
            User.objects.filter(pk=one.user.pk).update(is_active=False)
    return people


@pytest.fixture
def things(db: None) -> dict[str, str]:
    """One of each kind, by what an address calls it."""
    endpoint = make_endpoint()
    booking = make_booking("acct_1a", reference="BK-MATRIX")
    pay_crew(reference=booking.reference, actor=ALICE)
    transfer = Transfer.objects.get(source_id=booking.pk, source_type="booking")
    payout = make_payout()
    finding = Finding.objects.create(subject="transfer:1", kind="moved_twice", detail="x")
    seal_entries()
    record = IdempotencyRecord.objects.create(
        scope="1:POST:/x", key="k", fingerprint="f", locked_until="2026-01-01T00:00Z",
        expires_at="2026-01-01T00:00Z",
    )  # fmt: skip
    user = User.objects.create_user("somebody-else")
    token, _ = ApiToken.objects.create(user=user)
    commission = make_commission()
    return {
        "reference": booking.reference,
        "booking_id": str(booking.pk),
        "rail": "stripe",
        "transfers_booking": str(booking.pk),
        "transfer_id": str(transfer.pk),
        "transfers_transfer": str(transfer.pk),
        "payout_id": str(payout.pk),
        "payouts_payoutrequest": str(payout.pk),
        "external_id": payout.payee.external_id,
        "commission_id": str(commission.pk),
        "payouts_commission": str(commission.pk),
        "finding_id": str(finding.pk),
        "transfers_finding": str(finding.pk),
        "endpoint_id": str(endpoint.pk),
        "webhooks_webhookendpoint": str(endpoint.pk),
        "delivery_id": str(endpoint.deliveries.earliest("id").pk),
        "webhooks_webhookdelivery": str(endpoint.deliveries.earliest("id").pk),
        "audit_entry": str(Entry.objects.earliest("id").pk),
        "audit_seal": str(Seal.objects.earliest("id").pk),
        "guard_idempotencyrecord": str(record.pk),
        "auth_user": str(user.pk),
        "auth_group": str(Group.objects.get(name="auditor").pk),
        "access_apitoken": str(token.pk),
        "session_id": str(CheckoutSession.objects.count() + 1),
        "app_label": "transfers",
    }


MISSING = {"rail": "none", "reference": "BK-NONE", "external_id": "none", "app_label": "transfers"}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is looked at and rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def denials() -> int:
    return Entry.objects.filter(outcome="denied").count()


def test_the_page_is_what_the_code_says() -> None:
    assert TARGET.read_text() == roles_page(), "./dev roles"
    machines = Path(TARGET.parent, "state_machines.md").read_text()
    assert machines == state_machines(), "./dev manage state_machines > docs/state_machines.md"


def test_every_operation_as_everybody(things: dict[str, str]) -> None:
    rows = table("GET", "POST", "PUT", "PATCH", "DELETE")
    assert len(rows) > 60
    for somebody in callers():
        wanted_refusal = 401 if not somebody.active else 403
        for row in rows:
            method, _, path = row.name.partition(" ")
            # Whether it is there plays no part: asked of each role, once of all others.
            for ids in (things, MISSING) if somebody.name == somebody.role else (things,):
                address = filled(path, ids)
                with undone():
                    before = denials()
                    answer = call(somebody.client, method, address)
                    told = (somebody.name, row.name, address, answer.status_code)
                    if somebody.may(row):
                        assert answer.status_code not in (401, 403), told
                        assert answer.status_code < 500, told
                        continue
                    assert answer.status_code == wanted_refusal, told
                    audited = method != "GET" and wanted_refusal == 403
                    assert denials() - before == audited, told


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "999999"), path)


def call(client: Client, method: str, address: str) -> Any:
    """A body that no operation takes: whether it may be asked at all is decided before it is read."""
    if method == "GET":
        return client.get(address)
    return client.generic(method, address, '{"no_such_member": 1}', "application/json")


def test_every_page_as_everybody(things: dict[str, str]) -> None:
    rows = {row.name.removeprefix("page "): row for row in table("page")}
    assert len(rows) > 100
    forms = {row.name.removeprefix("form "): row for row in table("form")}
    there = {name: one for name, one in addresses(things) if name in rows}
    missing = {name: one for name, one in addresses({"app_label": "transfers"}) if name in rows}
    assert there.keys() == rows.keys(), rows.keys() - there.keys()
    for somebody in at_the_console():
        console = somebody.active and (somebody.role in CONSOLE_ROLES or somebody.staff)
        for name, row in rows.items():
            if name in forms:
                sent(somebody, forms[name], there[name], console=console)
            asked = [("GET", there[name])]
            if name not in forms:
                asked.append(("POST", missing[name].replace("/1/", "/999999/")))
            if not somebody.may(row):
                asked.append(("POST", there[name]))
            for method, address in asked:
                with undone():
                    judge(somebody, row, method, address, console=console)


def judge(somebody: Somebody, row: Row, method: str, address: str, *, console: bool) -> None:
    before = denials()
    answer = look(somebody.client, method, address)
    told = (somebody.name, method, address, answer.status_code)
    if not console:
        assert answer.status_code == 302, told
        assert "/login/" in answer["Location"], told
    elif answer.status_code == 405:
        assert method in ("GET", "POST"), told  # the other method is asked as well
    elif somebody.may(row):
        assert answer.status_code != 403, told
        assert answer.status_code < 500, told
    else:
        refused(answer, row.name, told)
        scope = CAPABILITY_SCOPE.get(row.capability, "read")  # type: ignore[call-overload]
        if method == "POST" and answer.status_code == 403 and scope != "read":
            assert denials() == before + 1, told


def sent(somebody: Somebody, form: Row, address: str, *, console: bool) -> None:
    """A form that is sent to a thing's own page; most are only ever read."""
    with undone():
        answer = look(somebody.client, "POST", address)
        told = (somebody.name, form.name, answer.status_code)
        if somebody.may(form) and console:
            assert answer.status_code in (200, 302), (
                told
            )  # what is missing in it, or that there is none
        else:
            to = answer.get("Location", "/change/")
            away = answer.status_code == 302 and ("/login/" in to or "/change/" not in to)
            assert answer.status_code in (403, 405) or away, told
        assert not Entry.objects.filter(action="user.changed").exists(), told


def look(client: Client, method: str, address: str) -> Any:
    answer = client.get(address) if method == "GET" else client.post(address, {})
    if answer.streaming:
        b"".join(answer)  # a file that nobody reads to its end keeps its place among the few
    return answer


def refused(answer: Any, name: str, told: tuple[Any, ...]) -> None:
    """403; a page that first looks for its row may say that there is none, which tells nobody more."""
    looks_first = name.endswith(("_change", "_delete", "_password_change"))
    leads_away = answer.status_code == 302 and looks_first and "/login/" not in answer["Location"]
    assert answer.status_code == 403 or leads_away, told


def test_every_action_as_everybody(db: None) -> None:
    rows = table("action")
    assert len(rows) > 8
    models = {model._meta.label_lower: one for model, one in admin.site._registry.items()}
    for somebody in at_the_console():
        request = RequestFactory().get("/")
        assert somebody.user is not None
        request.user = User.objects.get(pk=somebody.user.pk)
        for row in rows:
            model, _, action = row.name.removeprefix("action ").rpartition(".")
            offered = action in models[model].get_actions(request)
            assert offered == somebody.may(row), (somebody.name, row.name)


def test_every_command_in_the_name_of_everybody(db: None) -> None:
    rows = table("command")
    assert {row.name.removeprefix("command ") for row in rows} == set(OPTIONS)
    payout = make_payout("paid")
    for somebody in at_the_console():
        assert somebody.user is not None
        for row in rows:
            name = row.name.removeprefix("command ")
            for pk in (payout.pk, 999_999):
                with undone():
                    before = denials()
                    said = run(name, pk, somebody.user.username)
                    told = (somebody.name, row.name, said)
                    if not somebody.active:
                        assert "an active user" in said, told
                    elif somebody.may(row):
                        assert "permission_denied" not in said, told
                    else:
                        assert said.startswith("permission_denied"), told
                        assert denials() == before + 1, told


def run(name: str, pk: int, actor: str) -> str:
    try:
        named = dict(OPTIONS[name])
        if name != "compare_with_rail":
            named["reason"] = "x"
        if name.startswith("payout_"):
            named["apply"] = True
        about = named.pop("rail", pk if name.startswith(("payout_", "adopt_")) else None)
        words = named.pop("words", [] if about is None else [about])
        call_command(name, *words, actor=actor, **named)
    except CommandError as error:
        return str(error)
    return ""


def test_a_demotion_holds_at_the_next_request_of_a_session_and_of_a_token(
    things: dict[str, str],
) -> None:
    somebody = Somebody("reviewer", "super_admin")
    user = user_of(somebody)
    browser = Client()
    browser.force_login(user)
    _, secret = ApiToken.objects.create(user=user)
    program = Client(headers={"authorization": f"Bearer {secret}"})
    approve = f"payouts/{things['payout_id']}/approve"
    page = f"/admin/payouts/payoutrequest/{things['payout_id']}/approve/"
    for role, status in (("super_admin", 422), ("auditor", 403), ("super_admin", 422)):
        assign_role(user, Role(role))
        assert call(program, "POST", f"/api/v1/{approve}").status_code == status
        with undone():
            assert (browser.post(page).status_code == 403) == (status == 403)
    user.groups.clear()
    assert program.get("/api/v1/payouts").status_code == 403
    assert browser.get("/admin/payouts/payoutrequest/").status_code == 403
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert program.get("/api/v1/payouts").status_code == 401
    assert browser.get("/admin/payouts/payoutrequest/").status_code == 302
