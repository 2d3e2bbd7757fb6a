"""`manage.py guard_audit`: it is content with the product, and finds what is planted to go around the door."""

import io
import sys
import types
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, path
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.views import ApiView
from payouts.models import PayoutRequest
from payouts_site.celery import app as celery_app
from payouts_site.guard_audit import declared, verdict
from payouts_site.guard_audit.scan import cheats
from payouts_site.guard_audit.sources import reaches
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
        "DELETE /api/v1/payouts/closed (tests.architecture.test_guard_audit): it is not declared",
        "DELETE /api/v1/payouts/closed (tests.architecture.test_guard_audit): it declares no capability",
        "POST /api/v1/payouts/{payout_id}/pay-now (tests.architecture.test_guard_audit): it is not declared",
        "page planted-page (payouts.console.planted): it is not declared",
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
            {"guard": "transfers.services.pay_crew.pay_crew"},
            "payouts.api.payouts does not call transfers.services.pay_crew.pay_crew",
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
    assert f"{name}: {fault}" in str(failed.value)


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
    found = cheats([(path, code)])
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
    assert cheats([(path, code)]) == []


def test_only_what_imports_the_door_reaches_it() -> None:
    assert reaches("payouts.services.approve_payout", "guard.door")
    assert not reaches("money", "guard.door")
