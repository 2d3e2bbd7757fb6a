"""`manage.py race_report` finds planted incidents and nothing else, and changes nothing."""

import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from audit.record import Note, record
from guard.errors import Conflicted, IllegalTransition, Refused
from payouts.services.approve_commission import approve_commission
from payouts.services.approve_payout import approve_payout
from payouts.services.cancel_payout import cancel_payout
from payouts.services.reject_payout import reject_payout
from tests.payouts.commissions import make_commission
from tests.payouts.requests import (
    ANA,
    BEN,
    MAKER,
    STATUSES,
    make_payout,
    move_transfer,
    the_transfer,
)
from transfers.models import Finding
from transfers.services.raise_finding import raise_finding
from transfers.services.resolve_finding import resolve_finding

pytestmark = pytest.mark.django_db


def report(days: int = 90) -> list[str]:
    out = io.StringIO()
    call_command("race_report", days=days, stdout=out)
    return out.getvalue().splitlines()


def test_nothing_happened_nothing_is_told() -> None:
    for status in STATUSES:
        make_payout(status)
    returned = make_payout("paid")
    move_transfer(returned.pk, "returned")
    before = Entry.objects.count()
    assert report() == ["Lost races: 0", "Refused steps: 0", "The rail says otherwise: 0"]
    assert Entry.objects.count() == before


def test_what_looks_like_an_incident_and_is_none() -> None:
    """Others' refusals, a won race, resolved findings and findings about somebody else."""
    commission = make_commission("voided")
    with pytest.raises(IllegalTransition):
        approve_commission(commission_id=commission.pk, actor=ANA)
    won = make_payout("approved")
    cancel_payout(payout_id=won.pk, actor=BEN, reason="in time")
    disputed = make_payout("failed")
    subject = f"transfer:{the_transfer(disputed.pk).pk}"
    raise_finding(subject=subject, kind="moved_twice", detail="", actor=ANA, evidence={})
    finding = Finding.objects.get(subject=subject)
    resolve_finding(finding_id=finding.pk, resolution="explained", note="a test", actor=ANA)
    raise_finding(subject="booking:1", kind="moved_twice", detail="", actor=ANA, evidence={})
    record(Note("payout:1", "payout.approved", ANA, outcome="noted", new_status="approved"))
    assert report() == ["Lost races: 0", "Refused steps: 0", "The rail says otherwise: 0"]


def test_planted_incidents_and_nothing_else() -> None:
    make_payout("paid")
    raced = make_payout("approved")
    with pytest.raises(Conflicted):
        reject_payout(payout_id=raced.pk, actor=BEN, reason="too late")
    own = make_payout()
    with pytest.raises(Refused):
        approve_payout(payout_id=own.pk, actor=MAKER)
    with pytest.raises(IllegalTransition):
        cancel_payout(payout_id=own.pk, actor=ANA)
    sent = make_payout("processing")
    move_transfer(sent.pk, "success", tell=False)
    disputed = make_payout("failed")
    subject = f"transfer:{the_transfer(disputed.pk).pk}"
    raise_finding(subject=subject, kind="moved_twice", detail="two", actor=ANA, evidence={})

    said = report()
    assert said[0] == "Lost races: 1"
    assert f"payout:{raced.pk} requested -> rejected by ben: too late" in said[1]
    assert said[2] == "Refused steps: 2"
    assert f"payout:{own.pk} " in said[3] and "by mia" in said[3]
    assert f"payout:{own.pk} requested -> cancelled by ana" in said[4]
    assert said[5] == "The rail says otherwise: 2"
    transfer = the_transfer(sent.pk).pk
    assert said[6].strip() == (
        f"payout:{sent.pk} is processing, its transfer {transfer} is success. "
        f"POST transfers/{transfer}/confirm"
    )
    assert f"payout:{disputed.pk} is failed" in said[7] and "moved_twice" in said[7]
    assert len(said) == 8


def test_days_must_make_sense() -> None:
    with pytest.raises(CommandError):
        report(days=0)
