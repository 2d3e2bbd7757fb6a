"""`manage.py guard_audit`: it is content with the product, and finds what is planted to go around the door."""

import ast
import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command, get_commands
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, path
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.views import ApiView
from audit.actor import Actor
from payouts.models import PayoutRequest
from payouts.services.approve_payout import approve_payout
from payouts_site.celery import app as celery_app
from payouts_site.guard_audit import declared, declared_pages, verdict
from payouts_site.guard_audit.calls import CallGraph
from payouts_site.guard_audit.scan import cheats
from payouts_site.guard_audit.way import Way
from payouts_site.urls import urlpatterns
from transfers.models import Transfer


class PayEverybody(ApiView):
    """Pays without asking."""

    required_capability = "payout.review"

    def post(self, request: Request) -> Response:
        PayoutRequest.objects.filter(pk=1).update(status="paid")
        return Response()


class ClosedDoor(ApiView):
    """Forgot its capability."""

    def delete(self, request: Request) -> Response:
        return Response()


def a_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def pay_at_night() -> None:
    """What a planted task would do."""


def approve_action() -> None:
    """What a planted action or task that keeps to the door would do."""
    approve_payout(payout_id=1, actor=Actor("command", "planted"))


class ApproveHere(ApiView):
    """Names its verb where the subclass may."""

    required_capability = "payout.review"
    verb = staticmethod(approve_payout)

    def post(self, request: Request) -> Response:
        self.verb(payout_id=1, actor=self.actor)
        return Response()


class ApproveNothing(ApproveHere):
    """Another verb: the base's handler no longer reaches the door."""

    verb = staticmethod(print)  # type: ignore[assignment]  # the point of it


HERE = "tests.architecture.test_guard_audit"

# As if it were part of the product.
a_page.__module__ = "payouts.console.planted"


@pytest.fixture
def planted(settings: Settings) -> Iterator[None]:
    """The site with three more addresses."""
    urls = types.ModuleType("tests.architecture.planted_urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]  # a module made here
        path("api/v1/payouts/<int:payout_id>/pay-now", PayEverybody.as_view()),
        path("api/v1/payouts/closed", ClosedDoor.as_view()),
        path("pay-here", a_page, name="planted-page"),
        *urlpatterns,
    ]
    sys.modules[urls.__name__] = urls
    settings.ROOT_URLCONF = urls.__name__
    clear_url_caches()
    yield
    del sys.modules[urls.__name__]
    clear_url_caches()


def run() -> str:
    out = io.StringIO()
    call_command("guard_audit", stdout=out)
    return out.getvalue()


def test_the_product_goes_through_the_door() -> None:
    said = run()
    assert "POST /api/v1/payouts/{payout_id}/approve" in said
    assert "payouts.services.approve_payout.approve_payout" in said
    assert "task transfers.work_transfers" in said
    assert "command import_legacy_transfers" in said


@pytest.mark.usefixtures("planted")
def test_a_planted_endpoint_and_page_are_found_and_named() -> None:
    with pytest.raises(CommandError) as failed:
        run()
    said = str(failed.value).splitlines()
    assert said[1:] == [
        f"DELETE /api/v1/payouts/closed ({HERE}:ClosedDoor.delete): it is not declared",
        f"DELETE /api/v1/payouts/closed ({HERE}:ClosedDoor.delete): it declares no capability",
        f"POST /api/v1/payouts/{{payout_id}}/pay-now ({HERE}:PayEverybody.post): it is not declared",
        "page planted-page (payouts.console.planted:a_page): it is not declared",
    ]
    assert failed.value.returncode == 1


def test_a_planted_task_is_found() -> None:
    celery_app.task(name="planted.pay", lazy=False)(pay_at_night)
    try:
        with pytest.raises(CommandError, match=r"task planted\.pay .*: it is not declared"):
            run()
    finally:
        celery_app.tasks.unregister("planted.pay")


def test_a_planted_action_and_form_of_the_admin_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    page = admin.site.get_model_admin(Transfer)
    actions = {"pay_at_once": (a_page, "pay_at_once", "Pay")}
    monkeypatch.setattr(page, "get_actions", lambda request: actions)
    monkeypatch.setattr(page, "has_change_permission", lambda request: True)
    with pytest.raises(CommandError) as failed:
        run()
    assert "action transfers.transfer.pay_at_once" in str(failed.value)
    assert "form transfers.transfer.change" in str(failed.value)


def test_a_planted_command_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "payouts_site.guard_audit.found.get_commands", lambda: {"pay_now": "payouts"}
    )
    with pytest.raises(CommandError, match=r"command pay_now .*: it is not declared"):
        run()


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        (
            {"guard": "payouts.services.reject_payout.reject_payout_twice"},
            "there is no payouts.services.reject_payout.reject_payout_twice",
        ),
        (
            # The module imports it; this handler does not call it.
            {"guard": "payouts.services.approve_payout.approve_payout"},
            "it does not call payouts.services.approve_payout.approve_payout",
        ),
        (
            {"guard": "payouts.recipients.check_recipient"},
            "payouts.recipients.check_recipient does not go through the door",
        ),
        (
            {"test": "tests/payouts/test_races.py::test_of_nothing"},
            "there is no test tests/payouts/test_races.py::test_of_nothing",
        ),
    ],
)
def test_a_declaration_that_is_not_true_is_found(
    way: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "POST /api/v1/payouts/{payout_id}/reject"
    (true,) = [one for one in declared.WAYS if one.name == name]
    guard, test = way.get("guard", true.guard), way.get("test", true.test)
    others = tuple(one for one in declared.WAYS if one is not true)
    monkeypatch.setattr(verdict, "WAYS", (*others, Way(name, guard, true.effect, test)))
    with pytest.raises(CommandError) as failed:
        run()
    assert f"{name} (payouts.api.payouts:RejectPayout.post): {fault}" in str(failed.value)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("payouts/services/x.py", "rows.update(status='paid')"),
        ("payouts_site/x.py", "rows.update(**{'status': 'paid'})"),
        ("payouts/services/x.py", "row.save()"),
        ("access/x.py", "row.save(update_fields=['status'])"),
        ("transfers/x.py", "Transfer.objects.bulk_update(rows, ['status'])"),
        ("transfers/x.py", "row.status = 'success'"),
        ("audit/x.py", "setattr(row, 'status', 'success')"),
        ("api/x.py", "cursor.execute('UPDATE transfers_transfer SET version = 2, status = %s WHERE id = 1')"),
        ("api/x.py", "cursor.execute(f'UPDATE {table} SET \"status\" = %s')"),
        ("payouts/api/x.py", "Transfer.objects.create(amount_minor=1)"),
        ("transfers/tasks.py", "Transfer.objects.filter(pk=1).update(due_at=None)"),
    ],
)  # fmt: skip
def test_code_around_the_door_is_found(path: str, code: str) -> None:
    found = cheats([(path, ast.parse(code))])
    assert len(found) == 1
    assert found[0].startswith(f"{path}:1: ")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("guard/x.py", "rows.update(status='paid')"),
        ("access/x.py", "user.save()"),
        ("payouts/services/x.py", "Recipient.objects.create(version=2)"),
        ("payouts/x.py", "context.update(name='a')"),
        ("transfers/x.py", "'UPDATE transfers_transfer SET due_at = NULL WHERE status = 1'"),
        ("transfers/x.py", "same = row.status == 'success'"),
    ],
)
def test_what_is_no_status_is_left_alone(path: str, code: str) -> None:
    assert cheats([(path, ast.parse(code))]) == []


APPROVE = "payouts.services.approve_payout.approve_payout"
COMMAND = """
from payouts.services.approve_payout import approve_payout
class Command:
    def handle(self):
        {}
"""


def declare(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if each of these were guarded by `approve_payout`."""
    ways = tuple(Way(name, APPROVE, "", "tests/payouts/test_http_races.py") for name in names)
    monkeypatch.setattr(verdict, "WAYS", (*declared.WAYS, *ways))


@pytest.mark.parametrize("calls_it", [False, True])
def test_a_declaration_does_not_replace_the_call(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, calls_it: bool
) -> None:
    """An endpoint, an action, a task and a command whose modules all import the service that is declared for them."""

    view = ApproveHere if calls_it else ApproveNothing
    urls = types.ModuleType("tests.architecture.more_urls")
    urls.urlpatterns = [path("api/v1/now", view.as_view()), *urlpatterns]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, urls.__name__, urls)
    settings.ROOT_URLCONF = urls.__name__
    action = approve_action if calls_it else a_page
    page = admin.site.get_model_admin(Transfer)
    monkeypatch.setattr(page, "get_actions", lambda request: {"now": (action, "now", "Pay")})
    run_it = approve_action if calls_it else pay_at_night
    celery_app.task(name="planted.now", lazy=False)(run_it)
    monkeypatch.setattr(
        "payouts_site.guard_audit.found.get_commands", lambda: {**get_commands(), "now": "payouts"}
    )
    command = COMMAND.format("approve_payout()" if calls_it else "print()")
    graph = CallGraph(
        {HERE: Path(__file__).read_text(), "payouts.management.commands.now": command}
    )
    names = ("POST /api/v1/now", "action transfers.transfer.now", "task planted.now", "command now")
    declare(monkeypatch, *names)
    try:
        wrong = verdict.audit(graph).wrong
    finally:
        celery_app.tasks.unregister("planted.now")
        clear_url_caches()
    found = [name for name in names if any(line.startswith(f"{name} (") for line in wrong)]
    assert found == ([] if calls_it else list(names)), wrong
    assert all(line.endswith(f"it does not call {APPROVE}") for line in wrong)


def test_what_is_said_to_be_harmless_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "page payouts_payoutrequest_cancel"
    monkeypatch.setattr(verdict, "PAGES", [one for one in declared_pages.PAGES if one.name != name])
    monkeypatch.setitem(declared_pages.HARMLESS, name, "reads")
    (wrong,) = verdict.audit().wrong
    assert wrong == (
        f"{name} (payouts.console.decide:cancel_view): it is said to change nothing, and reaches the door"
    )


def test_a_declaration_without_a_way_in_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, "POST /api/v1/payouts/{payout_id}/gone")
    (wrong,) = verdict.audit().wrong
    assert wrong == (
        "POST /api/v1/payouts/{payout_id}/gone: it is declared, and there is no such way in"
    )


@pytest.mark.parametrize(
    ("code", "reached"),
    [
        ("def f(): approve_payout()", True),
        ("def f(): return run(approve_payout)", True),
        ("VERBS = {1: approve_payout}\ndef f(): VERBS[1]()", True),
        ("def f(): g()\ndef g(): approve_payout()", True),
        ("def f(): g()\ndef g(): f()", False),
        ("def f(given: approve_payout) -> approve_payout: pass", False),
        ("def g(): approve_payout()\ndef f(): pass", False),
        ("from payouts.services import approve_payout as m\ndef f(): m.approve_payout()", True),
        ("from payouts.services import approve_payout as m\ndef f(): m.known_status()", False),
        ("class A:\n def g(self): approve_payout()\nclass B(A): pass\ndef f(): B().g()", True),
        ("class A:\n def g(self): pass\nclass B(A):\n def g(self): super().g()\ndef f(): B()", False),
        ("class A:\n def g(self): approve_payout()\nclass B(A):\n def g(self): super().g()\ndef f(): B()", True),
    ],
)  # fmt: skip
def test_reach_is_what_the_code_names(code: str, *, reached: bool) -> None:
    text = f"from payouts.services.approve_payout import approve_payout\n{code}"
    graph = CallGraph({"payouts.planted": text})
    assert graph.reaches("payouts.planted:f", APPROVE) is reached


def test_the_door_is_reached_by_who_decides_and_not_by_who_reads() -> None:
    graph = CallGraph()
    door = "guard.door.change_status"
    assert graph.reaches("payouts.services.approve_payout:approve_payout", door)
    assert not graph.reaches("payouts.services.approve_payout:_snapshot", door)
    assert not graph.reaches("payouts.selectors:get_payout", door)
