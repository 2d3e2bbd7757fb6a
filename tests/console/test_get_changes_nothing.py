"""Every address of the console is fetched with GET: no row changes, and what acts answers 405."""

import hashlib
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from audit.models import Entry
from audit.seal import seal_entries
from guard.models import IdempotencyRecord
from tests.console.conftest import Open, transfers_of
from tests.payouts.commissions import make_commission
from tests.payouts.requests import make_payout
from tests.webhooks.endpoints import make_endpoint
from transfers.models import Booking, Finding, RailEvent, StellarChannel, StellarEnvelope

POST_ONLY = {
    "transfers_booking_crew_pay",
    "transfers_booking_crew_retry",
    "transfers_finding_resolve",
    "audit_entry_export",
    "payouts_payoutrequest_export",
    "transfers_booking_export",
    "transfers_transfer_export",
    "payouts_payoutrequest_release_withdraw",
    "webhooks_webhookdelivery_resend",
    *(f"webhooks_webhookendpoint_{verb}" for verb in ["disable", "enable", "rotate"]),
    *(f"payouts_commission_{verb}" for verb in ("approve", "void", "claw_back", "include")),
    *(
        f"payouts_payoutrequest_{verb}"
        for verb in [
            "approve",
            "reject",
            "cancel",
            "retry",
            "kyc",
            "reveal",
            "claim",
            "release",
            "bulk",
        ]
    ),
}
# Only what logging in itself needs may differ: the session, and the time of the last login.
NOT_COMPARED = {"sessions.session", "contenttypes.contenttype", "admin.logentry", "transfers.pace"}
# Django's own views that end or need something else than a page.
NOT_FETCHED = {
    "logout",
    "password_change",
    "password_change_done",
    "login",
    "autocomplete",
    "view_on_site",
}


def patterns(found: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    for one in found:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, route)
        else:
            yield one.name or "", route


def rows() -> dict[str, str]:
    """A checksum of every table."""
    return {
        model._meta.label_lower: hashlib.sha256(
            repr(list(model._default_manager.order_by("pk").values())).encode()
        ).hexdigest()
        for model in apps.get_models()
        if model._meta.label_lower not in NOT_COMPARED
    }


@pytest.fixture
def ids(failed: Booking, at: Open) -> dict[str, str]:
    """One row of each kind, so that each page has something to show."""
    transfer = transfers_of(failed)[1]
    finding = Finding.objects.create(
        subject=f"transfer:{transfer.pk}", kind="moved_twice", detail="x"
    )
    event = RailEvent.objects.create(
        rail="stripe", event_id="evt_1", type="transfer.created", payload={}
    )
    channel = StellarChannel.objects.create(network_passphrase="n", account="G" * 56)
    envelope = StellarEnvelope.objects.create(
        network_passphrase="n", horizon_url="http://h", channel=channel, source=channel.account, sequence=1,
        max_time=1, fee=100, hash="a" * 64, signed_xdr="x", signed_at_ledger=1,
    )  # fmt: skip
    record = IdempotencyRecord.objects.create(
        scope="1:POST:/x", key="k", fingerprint="f", locked_until="2026-01-01T00:00Z",
        expires_at="2026-01-01T00:00Z",
    )  # fmt: skip
    seal = seal_entries()
    entry = Entry.objects.first()
    interval = IntervalSchedule.objects.create(every=10, period="seconds")
    task = PeriodicTask.objects.create(name="t", task="audit.seal", interval=interval)
    user = at("super_admin").get("/admin/").wsgi_request.user
    assert seal is not None and entry is not None
    endpoint = make_endpoint()
    payout = make_payout()
    delivery = endpoint.deliveries.get()
    commission = make_commission()
    return {
        "endpoint_id": str(endpoint.pk),
        "delivery_id": str(delivery.pk),
        "webhooks_webhookendpoint": str(endpoint.pk),
        "webhooks_webhookdelivery": str(delivery.pk),
        "booking_id": str(failed.pk),
        "transfer_id": str(transfer.pk),
        "finding_id": str(finding.pk),
        "payout_id": str(payout.pk),
        "commission_id": str(commission.pk),
        "payouts_commission": str(commission.pk),
        "payouts_payoutrequest": str(payout.pk),
        "transfers_booking": str(failed.pk),
        "transfers_transfer": str(transfer.pk),
        "transfers_finding": str(finding.pk),
        "transfers_railevent": str(event.pk),
        "transfers_stellarchannel": str(channel.pk),
        "transfers_stellarenvelope": str(envelope.pk),
        "guard_idempotencyrecord": str(record.pk),
        "audit_entry": str(entry.pk),
        "audit_seal": str(seal.pk),
        "auth_user": str(user.pk),
        "auth_group": str(Group.objects.get(name="super_admin").pk),
        "django_celery_beat_periodictask": str(task.pk),
        "django_celery_beat_intervalschedule": str(interval.pk),
        "django_celery_beat_crontabschedule": str(CrontabSchedule.objects.create().pk),
        "django_celery_beat_solarschedule": str(
            SolarSchedule.objects.create(event="sunrise", latitude=1, longitude=1).pk
        ),
        "django_celery_beat_clockedschedule": str(
            ClockedSchedule.objects.create(clocked_time="2030-01-01T00:00Z").pk
        ),
        "access_apitoken": "1",
        "app_label": "transfers",
    }


def addresses(ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(name, address) of every pattern of the admin site, filled with `ids`."""
    for name, route in patterns(list(admin.site.urls[0])):
        if name in NOT_FETCHED or not name:
            continue
        model = re.sub(r"_(change|delete|history|password_change)$", "", name)

        def value(found: re.Match[str], model: str = model) -> str:
            return ids.get(found[2], ids.get(model, "1"))

        path = re.sub(r"<(\w+:)?(\w+)>", value, route)
        if "(?P" in path:
            path = "transfers/" if "app_label" in path else ""
        yield name, f"/admin/{path}".replace("^", "").replace("$", "").replace("\\Z", "")


def test_no_get_changes_a_row(at: Open, ids: dict[str, str]) -> None:
    client = at("super_admin")
    before = rows()
    seen = dict(addresses(ids))
    assert set(seen) >= POST_ONLY
    answers = {name: client.get(address).status_code for name, address in seen.items()}
    assert rows() == before
    assert {name for name, status in answers.items() if status >= 500} == set()
    assert {name for name, status in answers.items() if status == 405} == POST_ONLY
    looked_at = [name for name, status in answers.items() if status == 200]
    assert len(looked_at) > 30, answers


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_do_nothing(at: Open, ids: dict[str, str], method: str) -> None:
    client = at("super_admin")
    before = rows()
    for name, address in addresses(ids):
        if name.startswith(("transfers_", "payouts_", "audit_")):
            status = getattr(client, method)(address).status_code
            assert status in (302, 403, 404, 405) or status == 200, name
    assert rows() == before


def test_anonymous_people_are_sent_to_the_login(ids: dict[str, str]) -> None:
    for name, address in addresses(ids):
        if name == "jsi18n":
            continue
        answer = Client().get(address)
        assert answer.status_code == 302 and "/login/" in answer.headers["Location"], name


def test_a_post_without_the_csrf_token_is_refused(at: Open, failed: Booking) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = at("operator").cookies
    transfer = transfers_of(failed)[1]
    base = f"/admin/transfers/booking/{failed.pk}/crew"
    for address in (
        f"{base}/pay/",
        f"{base}/{transfer.pk}/retry/",
        f"/admin/transfers/transfer/{transfer.pk}/retry/",
    ):
        assert strict.post(address).status_code == 403
    transfer.refresh_from_db()
    assert transfer.status == "failed"
