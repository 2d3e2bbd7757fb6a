"""Ways around the services, and what they must leave as it was."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Entry
from money import Money
from payouts.models import Approval, PayoutRequest
from payouts.quotes import Quote
from payouts.selectors import transfer_of

Way = Callable[[int, int, str], None]


def by_queryset(payout_id: int, reviewer_id: int, name: str) -> None:
    PayoutRequest.objects.filter(pk=payout_id).update(
        status="approved",
        reviewed_by=name,
        reviewed_by_id=reviewer_id,
        reviewed_at=timezone.now(),
        approval_fingerprint="f" * 64,
    )


def by_sql(payout_id: int, reviewer_id: int, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_payoutrequest SET status = 'approved', version = version + 1, reviewed_by = %s, "
            "reviewed_by_id = %s, reviewed_at = now(), approval_fingerprint = 'f' WHERE id = %s",
            [name, reviewer_id, payout_id],
        )


AROUND = pytest.mark.parametrize("way", [by_queryset, by_sql])


def last(payout: PayoutRequest) -> Entry:
    return Entry.objects.filter(subject=f"payout:{payout.pk}").latest("seq")


def nothing_moved(payout: PayoutRequest) -> None:
    assert PayoutRequest.objects.get(pk=payout.pk).status == "requested"
    assert transfer_of(payout.pk) is None
    assert not Approval.objects.filter(payout=payout).exists()


def quoter(source: str) -> Any:
    def ask(payout: PayoutRequest) -> Quote:
        expires = timezone.now() + datetime.timedelta(minutes=30)
        return Quote(
            "0.87", Money(99, "USD"), Money.parse(source, "USD"), expires_at=expires, reference="q"
        )

    return ask
