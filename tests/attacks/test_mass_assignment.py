"""Attack: name a field that is not mine to set (status, version, owner, amount) and hope that it is taken."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from access.models import ApiToken
from payouts_site.guard_audit.sources import is_ours
from tests.attacks.town import Town
from tests.payouts.requests import OTTO
from transfers.api.requests import StrictSerializer

OURS = {"access", "audit", "checkout", "guard", "payouts", "transfers", "webhooks"}


def below(cls: type[Any]) -> Iterator[type[Any]]:
    for one in cls.__subclasses__():
        yield one
        yield from below(one)


def written() -> list[type[StrictSerializer]]:
    """Every body that a caller may send."""
    return [one for one in below(StrictSerializer) if is_ours(one.__module__)]


def names_of_everything() -> set[str]:
    """Every column of every model, and every member of every answer."""
    names = {
        name
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.concrete_fields
        for name in (field.name, field.attname)
    }
    for shown in below(serializers.Serializer):
        if not issubclass(shown, StrictSerializer) and is_ours(shown.__module__):
            names |= set(shown().fields)
    return names | {"__class__", "_state", "is_superuser", "is_staff", "groups", "actor"}


def test_every_body_refuses_every_field_of_every_model_and_answer() -> None:
    everything = names_of_everything()
    assert len(written()) > 25 and len(everything) > 150
    for body in written():
        mine = body()
        for name in everything - set(mine.fields):
            with pytest.raises(ValidationError) as refused:
                mine.to_internal_value({name: "1"})
            codes: Any = refused.value.get_codes()
            assert codes == {name: ["unknown_field"]}, (body, name)


def test_every_call_that_writes_is_refused_and_changes_nothing(town: Town) -> None:
    program = town.program()
    foreign = {"status": "paid", "version": 99, "created_by": "x", "amount_minor": 1, "id": 1}
    before = town.rows()
    calls = 0
    for method, address in town.api_routes():
        if method not in ("POST", "PUT"):
            continue
        body = foreign | {f"x{calls}": "x"}
        answer = program.generic(
            method,
            address,
            json.dumps(body),
            "application/json",
            headers={"idempotency-key": f"k{calls}"},
        )
        calls += 1
        assert answer.status_code == 422, (method, address, answer.content)
        fields = {error["field"] for error in answer.json()["errors"]}
        assert fields >= {"version", "id"}, (method, address)
    assert calls > 25
    assert town.rows() == before


def test_bank_details_take_no_field_of_their_own_row(town: Town) -> None:
    program = town.program()
    before = town.rows()
    for name in ("id", "version", "masked", "payee", "payee_id", "details", "created_at", "status"):
        body = {
            "payee": {"external_id": "thief"},
            "amount": "1.00",
            "currency": "EUR",
            "rail": "wise",
            "recipient": OTTO | {name: "1"},
        }
        answer = program.post(
            "/api/v1/payouts",
            json.dumps(body),
            "application/json",
            headers={"idempotency-key": name},
        )
        assert answer.status_code == 422, (name, answer.content)
    assert town.rows() == before


def test_the_payee_inside_a_payout_takes_no_kyc(town: Town) -> None:
    program = town.program("integrator")
    for name in ("status", "kyc_status", "kyc_checked_by", "kyc"):
        payee = {"external_id": "thief", "name": "T", "region": "EU", name: "approved"}
        body = {
            "payee": payee, "amount": "1.00", "currency": "EUR", "rail": "wise", "recipient": OTTO,
        }  # fmt: skip
        answer = program.post(
            "/api/v1/payouts",
            json.dumps(body),
            "application/json",
            headers={"idempotency-key": name},
        )
        assert answer.status_code == 422, (name, answer.content)


def test_no_form_of_the_console_writes_a_row_of_money(town: Town) -> None:
    client = town.browser("super_admin")
    before = town.rows()
    for model in filter(admin.site.is_registered, apps.get_models()):
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        if model._meta.app_label not in OURS or label not in town.ids:
            continue
        fields = {field.name: "1" for field in model._meta.concrete_fields}
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for address in (f"{base}{town.ids[label]}/change/", f"{base}add/"):
            answer = client.post(address, fields)
            assert answer.status_code in (302, 403, 404, 405), (address, answer.status_code)
    assert town.rows() == before


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_nobody_makes_themselves_a_super_admin(town: Town, role: str) -> None:
    client = town.browser(role)
    me = town.person(role)
    people = User.objects.count()
    form = {"username": me.username, "is_superuser": "on", "is_staff": "on", "is_active": "on"}
    for address in (
        f"/admin/auth/user/{me.pk}/change/",
        f"/admin/auth/user/{me.pk}/password/",
        "/admin/auth/user/add/",
        "/admin/auth/user/",
    ):
        extra = {"action": "reset_second_factor", "_selected_action": [str(me.pk)]}
        assert client.post(address, form | extra).status_code in (200, 302, 403), address
    me.refresh_from_db()
    assert not me.is_superuser
    assert User.objects.count() == people
    assert [group.name for group in me.groups.all()] == [role]


def test_the_form_of_a_person_takes_no_password_hash_and_no_dates(town: Town) -> None:
    client = town.browser("super_admin")
    me = town.person("auditor")
    hashed, joined = me.password, me.date_joined
    form = {
        "username": me.username,
        "is_active": "on",
        "is_staff": "on",
        "password": "pbkdf2_sha256$1$x$x",
        "date_joined_0": "2001-01-01",
        "date_joined_1": "00:00",
        "id": "1",
        "groups": [str(group.pk) for group in me.groups.all()],
    }
    client.post(f"/admin/auth/user/{me.pk}/change/", form)
    me.refresh_from_db()
    assert (me.password, me.date_joined) == (hashed, joined)


def test_a_token_is_neither_made_nor_widened_by_a_form(town: Town) -> None:
    client = town.browser("super_admin")
    token = ApiToken.objects.get(pk=town.ids["access_apitoken"])
    form = {"name": "x", "scopes": "read,write,review", "user": "1", "digest": "0", "expiry": ""}
    assert client.post(f"/admin/access/apitoken/{token.pk}/change/", form).status_code == 403
    assert client.post("/admin/access/apitoken/add/", form).status_code == 403
    assert ApiToken.objects.get(pk=token.pk).name == token.name
