"""Every cell of the transition table, legal and illegal: through the service, the API and direct SQL."""

import itertools
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit.models import Entry
from guard.errors import Refused
from guard.table import transition_table
from payouts.models import PayoutRequest
from payouts.selectors import facts_of
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.conftest import Caller
from tests.payouts.requests import (
    BEN,
    STATUSES,
    add_transfer,
    bring,
    commit_now,
    make_payout,
    move_transfer,
)

pytestmark = pytest.mark.django_db

# As the contract has it, written down a second time on purpose.
LEGAL = {
    ("requested", "approved"),
    ("requested", "rejected"),
    ("approved", "processing"),
    ("approved", "cancelled"),
    ("processing", "paid"),
    ("processing", "failed"),
    ("failed", "requested"),
    ("cancelled", "requested"),
}
CELLS = list(itertools.product(STATUSES, STATUSES))


def test_the_declared_table_is_the_contracts() -> None:
    assert set(transition_table(PayoutRequest).steps) == LEGAL


def _ready(prior: str, new: str) -> PayoutRequest:
    payout = make_payout(prior)
    if (prior, new) == ("processing", "paid"):
        move_transfer(payout.pk, "success", tell=False)
    if (prior, new) == ("processing", "failed"):
        move_transfer(payout.pk, "failed", tell=False)
    return payout


@pytest.mark.parametrize(("prior", "new"), CELLS)
def test_through_the_service(prior: str, new: str) -> None:
    payout = _ready(prior, new)
    if (prior, new) in LEGAL:
        moved = set_payout_status(
            payout_id=payout.pk, status=new, actor=BEN, expected_status=prior, reason="why"
        )
        assert (moved.status, moved.version) == (new, payout.version + 1)
        entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
        assert (entry.outcome, entry.prior_status, entry.new_status) == ("won", prior, new)
        return
    with pytest.raises(Refused) as refusal:
        set_payout_status(payout_id=payout.pk, status=new, actor=BEN, expected_status=prior)
    assert (refusal.value.code, refusal.value.http_status) == ("illegal_transition", 422)
    payout.refresh_from_db()
    assert payout.status == prior
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    assert (entry.outcome, entry.actor_name) == ("illegal", "ben")


@pytest.mark.parametrize(("prior", "new"), CELLS)
def test_through_the_api(ben: Caller, prior: str, new: str) -> None:
    payout = _ready(prior, new)
    answer = ben.put(f"payouts/{payout.pk}/status", {"status": new, "expected_status": prior})
    if (prior, new) in LEGAL:
        assert (answer.status_code, answer.json()["status"]) == (200, new)
        assert answer["ETag"] == f'"{payout.version + 1}"'
        return
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "illegal_transition")
    allowed = sorted(to for frm, to in LEGAL if frm == prior)
    assert (problem["from"], problem["to"], problem["allowed"]) == (prior, new, allowed)
    assert PayoutRequest.objects.get(pk=payout.pk).version == payout.version


_VERBS = {"approved": "approve", "rejected": "reject", "cancelled": "cancel", "requested": "retry"}


@pytest.mark.parametrize(("prior", "new"), [cell for cell in CELLS if cell[1] in _VERBS])
def test_through_the_apis_own_verbs(ben: Caller, prior: str, new: str) -> None:
    payout = _ready(prior, new)
    answer = ben.post(f"payouts/{payout.pk}/{_VERBS[new]}")
    if (prior, new) in LEGAL:
        assert (answer.status_code, answer.json()["status"]) == (200, new)
    elif new in ("approved", "rejected"):
        # A reviewer decides about a requested payout by definition: somebody else was faster.
        assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")
        assert answer.json()["current_status"] == prior
        assert answer.json()["current_reviewer"] == "ana"
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "illegal_transition")
    moved = (prior, new) in LEGAL
    assert PayoutRequest.objects.get(pk=payout.pk).status == (new if moved else prior)


_QUEUE = "/admin/payouts/payoutrequest/"


@pytest.mark.parametrize(("prior", "new"), CELLS)
def test_through_the_console(ben: Caller, prior: str, new: str) -> None:
    """Each verb has its button; for processing, paid and failed there is none, whatever is posted."""
    payout = _ready(prior, new)
    client = Client()
    client.force_login(ben.user)
    verb = _VERBS.get(new, "change")
    answer = client.post(
        f"{_QUEUE}{payout.pk}/{verb}/",
        {
            "status": new,
            "expected_status": prior,
            "reason": "why",
            "seen": facts_of(payout).fingerprint(),
        },
    )
    moved = (prior, new) in LEGAL and new in _VERBS
    fresh = PayoutRequest.objects.get(pk=payout.pk)
    assert (fresh.status, fresh.version) == (
        (new, payout.version + 1) if moved else (prior, payout.version)
    )
    if moved:
        assert answer.status_code == 302
    elif verb == "change":
        assert answer.status_code == 405
    elif verb in ("approve", "reject"):
        # Somebody was faster, and the panel says who; nobody decided about a request that is asked again.
        assert answer.status_code == 409
        assert "ana" in answer.content.decode()
    else:
        assert answer.status_code == 422
        assert "not possible from where it stands" in answer.content.decode()


@pytest.mark.parametrize(("prior", "new"), [cell for cell in CELLS if cell[0] != cell[1]])
@pytest.mark.parametrize("way", ["sql", "queryset"])
def test_through_the_database(prior: str, new: str, way: str) -> None:
    payout = make_payout(prior)
    columns: dict[str, Any] = {"status": new}
    if new == "approved":
        columns |= {
            "reviewed_by": "ben",
            "reviewed_by_id": 9003,
            "reviewed_at": "2026-11-20T12:00:00Z",
            "approval_fingerprint": "f" * 64,
        }
        bring(make_payout(), "approved")  # the limit's row is there from the first approval on

    def change() -> None:
        if way == "queryset":
            PayoutRequest.objects.filter(pk=payout.pk).update(**columns)
            return
        sets = ", ".join(f"{name} = %s" for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE payouts_payoutrequest SET {sets} WHERE id = %s",
                [*columns.values(), payout.pk],
            )

    if (prior, new) in LEGAL:
        change()
        if new == "approved":
            add_transfer(payout)
        commit_now()
        moved = PayoutRequest.objects.get(pk=payout.pk)
        assert (moved.status, moved.version) == (new, payout.version + 1)
        entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
        database_user = connection.settings_dict["USER"]
        assert (entry.new_status, entry.actor_name) == (new, f"sql:{database_user}")
        return
    with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
        change()
    assert PayoutRequest.objects.get(pk=payout.pk).status == prior


def test_saving_a_status_is_refused() -> None:
    payout = make_payout()
    with pytest.raises(AttributeError):
        payout.status = "paid"


def test_no_request_is_born_decided_and_none_dies() -> None:
    payout = make_payout()
    with pytest.raises(DatabaseError, match="born requested"), transaction.atomic():
        PayoutRequest.objects.bulk_create(
            [
                PayoutRequest(
                    payee=payout.payee,
                    recipient=payout.recipient,
                    amount_minor=1,
                    currency="EUR",
                    rail="wise",
                    region="EU",
                    status="approved",
                    approval_fingerprint="f",
                )
            ]
        )
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        payout.delete()


@pytest.mark.parametrize(
    "columns",
    [
        {"amount_minor": 1},
        {"currency": "USD"},
        {"rail": "stellar"},
        {"created_by_id": None},
        {"created_by": "x"},
    ],
)
def test_what_was_asked_for_never_changes(columns: dict[str, Any]) -> None:
    payout = make_payout()
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        PayoutRequest.objects.filter(pk=payout.pk).update(**columns)


@pytest.mark.parametrize(
    "columns",
    [
        {"base_minor": 1},
        {"quote": {"source_minor": 1}},
        {"reviewed_by": "somebody"},
        {"reviewed_by_id": 9003},
        {"approval_fingerprint": "0" * 64},
    ],
)
def test_what_was_signed_never_changes(columns: dict[str, Any]) -> None:
    payout = make_payout("approved")
    with pytest.raises(DatabaseError, match="change"), transaction.atomic():
        PayoutRequest.objects.filter(pk=payout.pk).update(**columns)
