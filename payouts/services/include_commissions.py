"""Many commissions of one payee become one payout request, which is reviewed like any other."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from access.regions import Regions, narrowed
from audit.actor import Actor
from guard.door import refuse
from guard.errors import Conflicted, Invalid, Refused
from money import total
from payouts.commissions import disputed_payout, include
from payouts.errors import ObligationLive
from payouts.models import Commission, CommissionStatus, PayoutRequest
from payouts.recipients import CheckedRecipient
from payouts.selectors import get_payout
from payouts.services.add_recipient import keep_recipient
from payouts.services.create_payout import ask, check_request


def include_commissions_in_payout(
    *,
    commission_ids: Sequence[int],
    rail: str,
    recipient: Mapping[str, Any],
    actor: Actor,
    regions: Regions = None,
) -> PayoutRequest:
    """Approved -> included, all of them or none, in one new request over exactly their sum. Own transaction.

    A commission is in at most one live request, by a unique index. Raises Invalid (422: unknown ids, two payees, two
    currencies, bad details), Conflicted (409: one of them is not approved or in another request), ObligationLive
    (409: the rail's books differ about a request that paid one of them before). Refusals are audited.
    `regions`: those that the caller is held to; commissions of others are unknown ids.
    """
    commissions = _named(commission_ids, regions)
    amount = total((one.amount for one in commissions), commissions[0].currency)
    checked = check_request(amount, rail, recipient)
    with transaction.atomic():
        asked = _ask_or_refuse(commissions, rail, checked, actor)
    if isinstance(asked, Refused):
        raise asked
    return get_payout(asked.pk)


def _ask_or_refuse(
    commissions: list[Commission], rail: str, checked: CheckedRecipient, actor: Actor
) -> PayoutRequest | Refused:
    try:
        with transaction.atomic():
            return _ask(commissions, rail, checked, actor)
    except (Conflicted, ObligationLive) as error:
        # What the door wrote about the loss was undone with the rest.
        refuse(
            Commission,
            error.extra["commission"],
            to=CommissionStatus.INCLUDED,
            actor=actor,
            outcome="conflict",
            reason=error.code,
            detail=error.detail,
        )
        return error


def _ask(
    commissions: list[Commission], rail: str, checked: CheckedRecipient, actor: Actor
) -> PayoutRequest:
    payee = commissions[0].payee
    where = keep_recipient(payee.pk, checked, actor=actor)
    amount = total((one.amount for one in commissions), commissions[0].currency)
    payout = ask(payee, where, amount, rail, actor=actor, reason=f"{len(commissions)} commissions")
    include(commissions, payout, actor=actor)
    # Asked with the commissions' rows locked: whoever released them has committed.
    disputed = disputed_payout(one.pk for one in commissions)
    if disputed is not None:
        commission_id, payout_id = disputed
        raise ObligationLive(
            f"Payout {payout_id} included commission {commission_id} before, and the rail's books differ about it: "
            "resolve its findings first.",
            commission=commission_id,
            payout=payout_id,
        )
    return payout


def _named(commission_ids: Sequence[int], regions: Regions) -> list[Commission]:
    wanted = sorted(set(commission_ids))
    rows = narrowed(Commission.objects.select_related("payee"), regions)
    found = list(rows.filter(pk__in=wanted).order_by("pk"))
    if not wanted or len(found) != len(wanted):
        missing = sorted(set(wanted) - {one.pk for one in found})
        named = ", ".join(str(pk) for pk in missing[:20])
        raise Invalid(
            f"There is no commission {named}." if missing else "Name at least one commission.",
            field="commissions",
            code="not_found" if missing else "required",
        )
    if len({one.payee_id for one in found}) > 1:
        raise Invalid("One payout pays one payee.", field="commissions", code="one_payee")
    if len({one.currency for one in found}) > 1:
        raise Invalid("One payout has one currency.", field="commissions", code="one_currency")
    return found
