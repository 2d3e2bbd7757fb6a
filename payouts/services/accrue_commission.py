"""An affiliate earned something. It is owed once somebody approves it."""

from django.db import IntegrityError, transaction

from access.regions import Regions
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid, Refused
from money import Money
from payouts.commissions import get_commission
from payouts.decision import person
from payouts.models import Commission, Payee
from payouts.policy import region_of
from payouts.services.create_payout import NewPayee
from payouts.services.put_payee import find_or_create_payee


class CommissionExists(Refused):
    """This reference was used before; nothing was created."""

    code = "commission_exists"
    title = "This commission exists"


def accrue_commission(
    *,
    reference: str,
    payee: NewPayee,
    amount: Money,
    earned_for: str = "",
    actor: Actor,
    regions: Regions = None,
) -> Commission:
    """A commission in `accrued`, and its payee if that is new. Own transaction.

    Raises Invalid (422), CommissionExists (409: unique per reference, also under concurrency). `regions`: as in
    `create_payout`.
    """
    if amount.minor <= 0:
        raise Invalid("The amount must be positive.", field="amount", code="not_positive")
    try:
        with transaction.atomic():
            known, _ = find_or_create_payee(
                payee.external_id,
                payee.name or payee.external_id,
                payee.region or region_of(""),
                "",
                actor=actor,
                regions=regions,
            )
            commission = _write(reference, known, amount, earned_for, actor)
    except IntegrityError as error:
        if Commission.objects.filter(reference=reference).exists():
            raise CommissionExists(f"There is a commission {reference} already.") from error
        raise
    return get_commission(commission.pk)


def _write(
    reference: str, payee: Payee, amount: Money, earned_for: str, actor: Actor
) -> Commission:
    commission = Commission.objects.create(
        reference=reference,
        payee=payee,
        amount_minor=amount.minor,
        currency=amount.currency,
        earned_for=earned_for,
        created_by=person(actor),
    )
    record(
        Note(
            f"commission:{commission.pk}",
            "commission.accrued",
            actor,
            new_status=commission.status,
            snapshot={
                "reference": reference,
                "payee": payee.external_id,
                "amount": str(amount),
                "earned_for": earned_for,
            },
        )
    )
    return commission
