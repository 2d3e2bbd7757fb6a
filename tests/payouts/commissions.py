"""Commissions in any status, made by the verbs themselves."""

import itertools
from collections.abc import Sequence

from audit.actor import Actor
from money import Money
from payouts.commissions import get_commission
from payouts.models import Commission, PayoutRequest
from payouts.services.accrue_commission import accrue_commission
from payouts.services.approve_commission import approve_commission
from payouts.services.claw_back_commission import claw_back_commission
from payouts.services.create_payout import NewPayee
from payouts.services.include_commissions import include_commissions_in_payout
from payouts.services.set_kyc import set_kyc
from payouts.services.void_commission import void_commission
from tests.payouts.requests import ANA, HUNDRED, MAKER, OTTO, bring

_ids = itertools.count(1)
STATUSES = ("accrued", "approved", "included", "paid", "voided", "clawed_back")


def make_commission(
    status: str = "accrued", *, payee: str = "", amount: Money = HUNDRED
) -> Commission:
    """A commission of somebody, brought to `status`."""
    number = next(_ids)
    made = accrue_commission(
        reference=f"C-{number}",
        payee=NewPayee(payee or f"affiliate-{number}", "Otto Muster", "EU"),
        amount=amount,
        earned_for=f"order {number}",
        actor=MAKER,
    )
    if status == "voided":
        return void_commission(commission_id=made.pk, reason="returned goods", actor=ANA)
    if status != "accrued":
        approve_commission(commission_id=made.pk, actor=ANA)
    if status in ("included", "paid", "clawed_back"):
        payout = ask_for([made.pk])
        if status != "included":
            bring(payout, "paid")
    if status == "clawed_back":
        claw_back_commission(commission_id=made.pk, reason="returned goods", actor=ANA)
    return get_commission(made.pk)


def ask_for(commission_ids: Sequence[int], *, actor: Actor = MAKER) -> PayoutRequest:
    """One request for them, whose payee's KYC is approved."""
    payout = include_commissions_in_payout(
        commission_ids=commission_ids, rail="wise", recipient=OTTO, actor=actor
    )
    if payout.payee.status != "approved":
        set_kyc(external_id=payout.payee.external_id, status="approved", actor=ANA)
    return payout


def statuses(commissions: Sequence[Commission]) -> list[str]:
    """As they are now."""
    rows = Commission.objects.filter(pk__in=[one.pk for one in commissions]).order_by("pk")
    return list(rows.values_list("status", flat=True))
