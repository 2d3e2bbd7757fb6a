"""`manage.py payout_reissue`: dry by default, once, audited, never while the first may arrive, never unreviewed."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from access.policy import assign_role
from access.roles import Role
from audit.models import Entry
from payouts.models import PayoutRequest, Recipient
from tests.payouts.requests import OTHER_IBAN, make_payout, move_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people(db: None) -> None:
    assign_role(User.objects.create_user("olga"), Role.OPERATOR)
    assign_role(User.objects.create_user("axel"), Role.AUDITOR)


def reissue(payout: PayoutRequest, *, iban: str = OTHER_IBAN, **options: Any) -> str:
    out = io.StringIO()
    call_command(
        "payout_reissue", payout.pk, iban=iban, holder="Otto Muster", stdout=out, **options
    )
    return out.getvalue()


def apply(payout: PayoutRequest, **options: Any) -> str:
    told: dict[str, Any] = {"apply": True, "actor": "olga", "reason": "IBAN closed"}
    return reissue(payout, **(told | options))


def counts() -> tuple[int, int, int]:
    return PayoutRequest.objects.count(), Recipient.objects.count(), Entry.objects.count()


def test_without_apply_nothing_changes() -> None:
    payout = make_payout("failed")
    before = counts()
    assert "nothing was changed" in reissue(payout)
    assert counts() == before


def test_apply_reissues_once() -> None:
    payout = make_payout("paid")
    move_transfer(payout.pk, "returned")
    assert "waits for its own approval" in apply(payout)
    made = PayoutRequest.objects.select_related("recipient").get(supersedes=payout)
    assert (made.status, made.created_by) == ("requested", "olga")
    assert made.recipient.details()["iban"] == OTHER_IBAN
    entry = Entry.objects.get(subject=f"payout:{made.pk}", action="payout.requested")
    assert (entry.actor_name, entry.reason) == ("olga", "IBAN closed")
    before = counts()
    assert f"Already reissued as payout {made.pk}" in apply(payout)
    assert counts() == before


@pytest.mark.parametrize("mode", [reissue, apply])
@pytest.mark.parametrize("status", ["approved", "processing", "paid"])
def test_not_while_the_first_may_arrive(mode: Any, status: str) -> None:
    payout = make_payout(status)
    with pytest.raises(CommandError, match="obligation_live"):
        mode(payout)
    assert not PayoutRequest.objects.filter(supersedes=payout).exists()


def test_the_holder_is_the_first_ones_unless_told() -> None:
    payout, out = make_payout("failed"), io.StringIO()
    words = (payout.pk, "--iban", OTHER_IBAN, "--apply", "--actor", "olga", "--reason", "closed")
    call_command("payout_reissue", *map(str, words), stdout=out)
    made = PayoutRequest.objects.select_related("recipient").get(supersedes=payout)
    assert made.recipient.details() == {"iban": OTHER_IBAN, "account_holder": "Otto Muster"}


def test_another_account_after_a_reissue_is_refused() -> None:
    payout = make_payout("failed")
    apply(payout)
    with pytest.raises(CommandError, match="obligation_live"):
        apply(payout, iban="DE89370400440532013000")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"actor": ""}, "needs --actor"),
        ({"actor": "nobody"}, "needs --actor"),
        ({"actor": "axel"}, "permission_denied"),
        ({"reason": " "}, "needs --reason"),
        ({"iban": "DE00370400440532013000"}, "validation_error"),
    ],
)
def test_apply_wants_somebody_who_may_a_reason_and_a_real_iban(
    options: dict[str, str], said: str
) -> None:
    payout = make_payout("failed")
    with pytest.raises(CommandError, match=said):
        apply(payout, **options)
    assert not PayoutRequest.objects.filter(supersedes=payout).exists()
    denied = Entry.objects.filter(subject=f"payout:{payout.pk}", outcome="denied").count()
    assert denied == (said == "permission_denied")
