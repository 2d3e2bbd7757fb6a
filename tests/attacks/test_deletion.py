"""Attack: make a debt, a payment or a decision disappear, by whatever path there is."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.db.models.deletion import ProtectedError
from django.utils import timezone

from checkout.models import (
    Dispute,
    ReconcileRepair,
    ReconcileRun,
    Refund,
    WatchCursor,
)
from payouts.models import ApprovalLimit, Payee
from tests.attacks.town import Town
from tests.conftest import truncate_triggers
from transfers.models import (
    Booking,
    CrewMember,
    Finding,
    RailComparison,
    RailEvent,
    RailSwitch,
    StellarChannel,
    TransferReversal,
)

# What is only a measure or a pace: a row less changes nothing that is owed.
NOT_MONEY = {"transfers_pace", "transfers_railbalance"}
ROOMS = ("payouts", "transfers", "checkout")
MONEY: list[type[Model]] = [
    model
    for model in apps.get_models()
    if model._meta.app_label in ROOMS and model._meta.db_table not in NOT_MONEY
]
# Refused by the generic trigger; the others have one of their own that says more.
PLAIN: list[type[Model]] = [
    *(ApprovalLimit, Booking, CrewMember, Dispute, Finding, Payee, RailEvent, ReconcileRepair),
    *(ReconcileRun, Refund, StellarChannel, TransferReversal, WatchCursor),
    *(RailComparison, RailSwitch),
]


def tables() -> list[str]:
    return [model._meta.db_table for model in MONEY]


def triggers(on: int) -> dict[str, str]:
    """Table -> names of its triggers that fire on the event with this bit of pg_trigger.tgtype."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, string_agg(tgname, ' ') FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgtype & %s > 0 AND tgtype & 2 > 0 GROUP BY 1",
            [on],
        )
        return dict(cursor.fetchall())


@pytest.mark.django_db
@pytest.mark.parametrize(("event", "bit"), [("DELETE", 8), ("TRUNCATE", 32)])
def test_every_money_table_refuses(event: str, bit: int) -> None:
    assert set(tables()) - set(triggers(bit)) == set(), event


@pytest.mark.django_db
def test_sql_truncate_is_refused_alone_and_by_cascade() -> None:
    with connection.cursor() as cursor:
        for table, trigger in truncate_triggers():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        for table in tables():
            with pytest.raises(DatabaseError, match="TRUNCATE refused"), transaction.atomic():
                cursor.execute(f"TRUNCATE {table} CASCADE")


def planted() -> Iterator[Model]:
    """Rows that no service of this test would make."""
    run = ReconcileRun.objects.create(started_by="x")
    yield run
    yield ReconcileRepair.objects.create(run=run, session_id=1, case="x", action="x", detail="x")
    yield WatchCursor.objects.create(account="G")
    yield StellarChannel.objects.create(network_passphrase="x", account="G")
    yield RailEvent.objects.create(rail="stripe", event_id="e", type="t", payload={})
    yield RailSwitch.objects.create(rail="wise")
    yield RailComparison.objects.create(since=timezone.now(), by="x")


def test_neither_sql_nor_a_queryset_deletes_a_row(town: Town) -> None:
    assert list(planted())
    town.reversal()
    empty = []
    for model in MONEY:
        if not model._default_manager.exists():
            empty.append(model)
            continue
        before = model._default_manager.count()
        with (
            connection.cursor() as cursor,
            pytest.raises(DatabaseError, match=r"never|append-only|[Cc]annot|only released|stays"),
            transaction.atomic(),
        ):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
            model._default_manager.all().delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            model._default_manager.all()._raw_delete(using="default")
        assert model._default_manager.count() == before, model
    # These have rows only after a release, an approval on Stellar or a claw-back: their own tests delete them.
    assert {model.__name__ for model in empty} <= {
        "Release",
        "StellarEnvelope",
        "StellarPayment",
        "CommissionClawback",
    }
    assert not set(PLAIN) & set(empty)


def test_the_console_has_no_delete_view_action_or_button(town: Town) -> None:
    client = town.browser("super_admin")
    before = town.rows()
    for model in filter(admin.site.is_registered, MONEY):
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for row in model._default_manager.all()[:2]:
            for data in ({"post": "yes"}, {}):
                answer = client.post(f"{base}{row.pk}/delete/", data)
                assert answer.status_code in (403, 404, 405), (base, answer.status_code)
            chosen = {
                "action": "delete_selected",
                "_selected_action": [str(row.pk)],
                "select_across": "1",
                "post": "yes",
            }
            assert client.post(base, chosen).status_code < 500
            assert b"delete_selected" not in client.get(base).content
    assert town.rows() == before


def test_no_call_of_the_api_deletes_anything_but_a_claim(town: Town) -> None:
    client = town.program()
    before = town.rows()
    refused = 0
    for method, address in town.api_routes():
        if method == "DELETE" and not address.endswith("/claim"):
            # An endpoint of webhooks may be switched off; it stays.
            assert "webhook-endpoints" in address, address
            continue
        answer = client.generic("DELETE", address)
        refused += answer.status_code in (404, 405)
    assert refused > 30
    assert town.rows() == before


def test_an_amount_is_not_made_smaller_instead(town: Town) -> None:
    """What is owed and what came in cannot be rewritten either."""
    for model in MONEY:
        fields = {field.column for field in model._meta.concrete_fields}
        named = {"transfers_transfer", "payouts_payoutrequest", "payouts_commission"}
        named |= {"checkout_checkoutsession", "checkout_receipt", "checkout_payment"}
        if model._meta.db_table in named:
            assert "amount_minor" in fields
            with pytest.raises(DatabaseError), transaction.atomic():
                model._default_manager.update(amount_minor=1)
            assert not model._default_manager.filter(amount_minor=1).exists()
