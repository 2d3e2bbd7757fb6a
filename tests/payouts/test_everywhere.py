"""Nobody approves their own request, over their limit, or without KYC: whatever way they take."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from audit.actor import Actor
from audit.models import Entry
from guard.errors import Refused
from money import Money
from payouts.models import Approval, PayoutRequest
from payouts.selectors import facts_of, transfer_of
from payouts.services.approve_payout import approve_payout
from payouts.services.set_payout_status import set_payout_status
from tests.payouts.around import by_queryset, by_sql
from tests.payouts.conftest import Caller
from tests.payouts.requests import MAKER, make_payout

pytestmark = pytest.mark.django_db

QUEUE = "/admin/payouts/payoutrequest/"
ROOT = Path(__file__).resolve().parents[2]
Way = Callable[[PayoutRequest, Caller], str]


def actor(caller: Caller) -> Actor:
    return Actor("user", caller.user.get_username(), user_id=caller.user.pk)


def in_a_shell(payout: PayoutRequest, ben: Caller) -> str:
    try:
        approve_payout(payout_id=payout.pk, actor=actor(ben))
    except Refused as error:
        return error.code
    return "approved"


def by_the_generic_door(payout: PayoutRequest, ben: Caller) -> str:
    try:
        set_payout_status(payout_id=payout.pk, status="approved", actor=actor(ben))
    except Refused as error:
        return error.code
    return "approved"


def in_the_api(payout: PayoutRequest, ben: Caller) -> str:
    return str(ben.post(f"payouts/{payout.pk}/approve").json().get("code"))


def on_the_page(payout: PayoutRequest, ben: Caller) -> str:
    fields = {"seen": facts_of(payout).fingerprint(), "typed_amount": payout.amount.format()}
    answer = _browser(ben).post(f"{QUEUE}{payout.pk}/approve/", fields)
    assert answer.status_code in (403, 422)
    return _code_of(payout)


def in_bulk(payout: PayoutRequest, ben: Caller) -> str:
    answer = _browser(ben).post(
        f"{QUEUE}bulk/",
        {
            "verb": "approve",
            "step": "do",
            "selected": [str(payout.pk)],
            f"seen-{payout.pk}": facts_of(payout).fingerprint(),
        },
    )
    assert answer.status_code == 200
    return _code_of(payout)


def around_the_door(write: Callable[[int, int, str], None]) -> Way:
    def way(payout: PayoutRequest, ben: Caller) -> str:
        try:
            with transaction.atomic():
                write(payout.pk, ben.user.pk, ben.user.get_username())
        except IntegrityError as error:
            return str(error)
        return "approved"

    return way


def _browser(ben: Caller) -> Client:
    client = Client()
    client.force_login(ben.user)
    return client


def _code_of(payout: PayoutRequest) -> str:
    """What the audit log says it was refused with."""
    entry = Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")
    return entry.reason if entry.outcome in ("denied", "conflict") else entry.outcome


WAYS: dict[str, Way] = {
    "shell": in_a_shell,
    "generic door": by_the_generic_door,
    "api": in_the_api,
    "page": on_the_page,
    "bulk": in_bulk,
    "queryset": around_the_door(by_queryset),
    "sql": around_the_door(by_sql),
}
# rule -> its code, and what the database says
RULES = {
    "self": ("self_approval", "its maker may not approve it"),
    "limit": ("approval_limit_exceeded", "used of"),
    "kyc": ("kyc_incomplete", "KYC of its payee is not approved"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rule", RULES)
def test_refused_whatever_way_it_is_tried(
    rule: str, way: str, ben: Caller, settings: Settings
) -> None:
    settings.BASE_RATES = {"EUR": Decimal(1)}
    settings.APPROVAL_LIMIT = "150.00"
    make_payout("approved")  # the database learns the limit from the first approval on
    payout = make_payout(
        maker=actor(ben) if rule == "self" else MAKER,
        kyc="pending" if rule == "kyc" else "approved",
        amount=Money(15_001 if rule == "limit" else 10_000, "EUR"),
    )
    said = WAYS[way](payout, ben)
    assert any(words in said for words in RULES[rule])
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"
    assert transfer_of(payout.pk) is None
    assert not Approval.objects.filter(payout=payout).exists()


def test_no_command_approves() -> None:
    """Commands ask and take back; an approval is a person's in front of what they sign. The demo's makes its own."""
    for path in ROOT.glob("*/management/**/*.py"):
        words: Any = path.read_text()
        assert "approve_payout" not in words or path.name == "seed_demo.py", path
