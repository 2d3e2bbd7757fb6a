"""Findings over HTTP: seen, and resolved once."""

import pytest
from django.db import connection

from audit.models import Entry
from tests.factories import ALICE
from tests.transfers_api.conftest import Caller, code_of, faults_of
from transfers.api.filters import findings_like
from transfers.models import Finding
from transfers.services.raise_finding import raise_finding

pytestmark = pytest.mark.django_db


def a_finding(subject: str = "transfer:1") -> int:
    raise_finding(
        subject=subject, kind="moved_twice", detail="Twice.", actor=ALICE, evidence={"a": ["tr_1"]}
    )
    return Finding.objects.latest("id").pk


def test_findings_are_listed_by_state_and_subject(api: Caller) -> None:
    first, second = a_finding(), a_finding("transfer:2")
    listed = api.get("findings", state="open").json()["results"]
    assert [one["id"] for one in listed] == [second, first]
    assert listed[0]["evidence"] == {"a": ["tr_1"]}
    assert listed[0]["version"] == 1
    by_subject = api.get("findings", subject="transfer:1").json()["results"]
    assert [one["id"] for one in by_subject] == [first]
    assert api.get("findings", state="resolved").json()["results"] == []
    assert code_of(api.get("findings", state="closed")) == (422, "validation_error")


def test_those_about_one_thing_are_found_without_reading_all_others() -> None:
    subjects = [f"transfer:{number}" for number in range(500)]
    Finding.objects.bulk_create(Finding(subject=one, kind="x", detail="x") for one in subjects)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE transfers_finding")
    plan = findings_like({"subject": "transfer:7"}).order_by("-id")[:51].explain()
    assert "finding_by_subject" in plan, plan


def test_a_finding_is_resolved_once(api: Caller) -> None:
    pk = a_finding()
    body = {"resolution": "refunded", "note": "Called Mina.\nShe sent it back."}
    response = api.post(f"findings/{pk}/resolve", body)
    assert response.status_code == 200
    assert response.json()["state"] == "resolved"
    assert response.json()["note"] == body["note"]
    assert response.json()["resolved_by"] == "the-super_admin/test"
    assert response["ETag"] == '"2"'

    again = api.post(f"findings/{pk}/resolve", body | {"resolution": "ignored"})
    assert code_of(again) == (409, "conflict")
    assert again.json()["current_status"] == "resolved"
    assert Finding.objects.get(pk=pk).resolution == "refunded"
    outcomes = Entry.objects.filter(action="finding.resolved").order_by("seq")
    assert list(outcomes.values_list("outcome", flat=True)) == ["won", "conflict"]


@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 40])
def test_a_finding_that_does_not_exist_is_404(api: Caller, pk: str) -> None:
    body = {"resolution": "x", "note": "y"}
    assert code_of(api.post(f"findings/{pk}/resolve", body)) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"note": "y"}, ("resolution", "required")),
        ({"resolution": "x"}, ("note", "required")),
        ({"resolution": "x" * 65, "note": "y"}, ("resolution", "max_length")),
        ({"resolution": "x", "note": "y" * 2001}, ("note", "max_length")),
        ({"resolution": "x\ny", "note": "y"}, ("resolution", "control_characters")),
        ({"resolution": "x", "note": "\x00"}, ("note", "control_characters")),
    ],
)
def test_a_resolution_that_makes_no_sense_is_422(
    api: Caller, body: dict[str, str], fault: tuple[str, str]
) -> None:
    pk = a_finding()
    assert faults_of(api.post(f"findings/{pk}/resolve", body)) == {fault}
    assert Finding.objects.get(pk=pk).state == "open"
