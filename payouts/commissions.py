"""Commissions: reads, and what the room's verbs share. A commission follows the payout request that pays it.

Rows are locked in one order: a payout request, then its commissions by id.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from audit.actor import Actor
from guard.door import Result, Won, change_status
from guard.errors import Conflicted, NotFound
from guard.statement import MOVED_PK, Insert, SecondsFromNow, Update
from payouts.decision import person
from payouts.errors import ObligationLive
from payouts.models import (
    Commission,
    CommissionInclusion,
    CommissionStatus,
    PayoutRequest,
    PayoutStatus,
)

_ENDED = (PayoutStatus.REJECTED, PayoutStatus.CANCELLED, PayoutStatus.FAILED)


class Verb(Protocol):
    """A service that moves one commission."""

    def __call__(
        self, *, commission_id: int, actor: Actor, reason: str, expected_version: int | None = None
    ) -> Commission:
        """The commission afterwards. Raises Refused."""
        ...


def commissions_shown() -> QuerySet[Commission]:
    """Commissions with what is shown beside them (the request that pays it as well), in one query."""
    live = CommissionInclusion.objects.filter(commission=OuterRef("pk"), released_at__isnull=True)
    return Commission.objects.select_related("payee", "clawback").annotate(
        paying=Subquery(live.values("payout_id")[:1])
    )


def get_commission(commission_id: int) -> Commission:
    """Raises NotFound."""
    found = commissions_shown().filter(pk=commission_id).first()
    if found is None:
        raise NotFound(f"There is no commission {commission_id}.")
    return found


def included_in(payout_id: int) -> QuerySet[CommissionInclusion]:
    """What a request pays, or would have paid before it ended, with each commission, oldest first."""
    rows = CommissionInclusion.objects.filter(payout_id=payout_id)
    return rows.select_related("commission").order_by("commission_id")


def commissions_like(values: dict[str, Any]) -> QuerySet[Commission]:
    """Commissions that fit the filters `status`, `payee` (external id), `payout` and `search`."""
    rows = commissions_shown()
    if "status" in values:
        rows = rows.filter(status=values["status"])
    if "payee" in values:
        rows = rows.filter(payee__external_id=values["payee"])
    if "payout" in values:
        rows = rows.filter(
            inclusions__payout=values["payout"], inclusions__released_at__isnull=True
        )
    if "search" in values:
        rows = rows.filter(commissions_found_by(values["search"]))
    return rows


def commissions_found_by(begins: str) -> Q:
    """Commissions whose reference, or whose payee's name or id, begins so; through indexes."""
    return (
        Q(reference__istartswith=begins)
        | Q(payee__external_id__istartswith=begins)
        | Q(payee__name__istartswith=begins)
    )


def move(
    commission_id: int,
    to: str,
    *,
    believed: str,
    actor: Actor,
    reason: str = "",
    version: int | None = None,
    **door: Any,
) -> Result:
    """The door for a commission, which remembers who moved it last and why. In the caller's transaction."""
    return change_status(
        Commission,
        commission_id,
        believed=believed,
        to=to,
        version=version,
        actor=actor,
        reason=reason,
        changes={"decided_by": person(actor), "reason": reason},
        **door,
    )


def include(commissions: Iterable[Commission], payout: PayoutRequest, *, actor: Actor) -> None:
    """Approved -> included in `payout`, each of them, in the caller's transaction.

    Raises Conflicted (409), naming the first that somebody else took, voided or never approved: undo everything then.
    """
    for commission in sorted(commissions, key=lambda one: one.pk):
        result = move(
            commission.pk,
            CommissionStatus.INCLUDED,
            believed=CommissionStatus.APPROVED,
            actor=actor,
            reason=f"payout {payout.pk}",
            causes=[
                Insert(CommissionInclusion, {"commission": MOVED_PK, "payout": payout.pk}),
            ],
            snapshot={"payout": payout.pk},
        )
        if not isinstance(result, Won):
            raise not_free(commission)


def not_free(commission: Commission) -> Conflicted:
    """The refusal for a commission that cannot be included now."""
    now = get_commission(commission.pk)
    where = f"in payout {now.live_payout_id}" if now.live_payout_id else now.get_status_display()
    return Conflicted(
        f"Commission {now.reference} is {where.lower()}, not free to be paid: nothing was included.",
        commission=now.pk,
        current_status=now.status,
        current_version=now.version,
        payout=now.live_payout_id,
        decision_reason=now.reason,
    )


def follow(payout_id: int, to: str, *, actor: Actor, reason: str = "") -> None:
    """What the request became, for its commissions, in the transaction in which it did.

    Paid: they are paid. Rejected, cancelled, failed: they are free again. Requested again: it takes them back, all
    or none. Raises ObligationLive (409) when one of them is paid elsewhere or voided meanwhile: undo the step then.
    """
    if to == PayoutStatus.PAID:
        for inclusion in _of(payout_id, live=True):
            _step(inclusion, CommissionStatus.PAID, actor=actor, reason=reason)
    elif to in _ENDED:
        for inclusion in _of(payout_id, live=True):
            _step(
                inclusion,
                CommissionStatus.APPROVED,
                actor=actor,
                reason=reason or f"payout {payout_id} is {to}",
                released_at=SecondsFromNow(0),
            )
    elif to == PayoutStatus.REQUESTED:
        for inclusion in _of(payout_id, live=False):
            _step(
                inclusion,
                CommissionStatus.INCLUDED,
                actor=actor,
                reason=f"payout {payout_id} is requested again",
                released_at=None,
            )


def hand_over(earlier: PayoutRequest, successor: PayoutRequest, *, actor: Actor) -> None:
    """A reissue pays what the dead request would have paid. Raises ObligationLive (409): undo everything then.

    A request that was paid and came back keeps its commissions: they were paid once, and are owed by nobody else.
    """
    if earlier.status == PayoutStatus.PAID:
        return
    released = [inclusion.commission for inclusion in _of(earlier.pk, live=False)]
    try:
        include(released, successor, actor=actor)
    except Conflicted as taken:
        raise ObligationLive(
            f"{taken.detail} Ask for a payout of the others instead.", **taken.extra
        ) from taken


def raise_unless_moved(result: Result) -> None:
    """After the transaction: nothing if it moved, else the refusal that names the winner."""
    if not isinstance(result, Won):
        raise result.error()


def disputed_payout(commission_ids: Iterable[int]) -> tuple[int, int] | None:
    """A commission and a request that held it before, if an open finding says that the rail's books differ about it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT inclusion.commission_id, inclusion.payout_id FROM payouts_commissioninclusion AS inclusion
            LEFT JOIN transfers_transfer AS transfer ON transfer.source_type = 'payout'
                AND transfer.source_id = inclusion.payout_id AND transfer.user_id = ''
            JOIN transfers_finding AS finding ON finding.state = 'open'
                AND finding.subject IN ('payout:' || inclusion.payout_id, 'transfer:' || transfer.id)
            WHERE inclusion.commission_id = ANY(%s) AND inclusion.released_at IS NOT NULL LIMIT 1
            """,
            [list(commission_ids)],
        )
        found: tuple[int, int] | None = cursor.fetchone()
    return found


def _of(payout_id: int, *, live: bool) -> list[CommissionInclusion]:
    rows = CommissionInclusion.objects.filter(payout=payout_id, released_at__isnull=live)
    return list(rows.select_related("commission").order_by("commission_id"))


def _step(
    inclusion: CommissionInclusion, to: str, *, actor: Actor, reason: str, **changes: Any
) -> None:
    believed = (
        CommissionStatus.APPROVED if to == CommissionStatus.INCLUDED else CommissionStatus.INCLUDED
    )
    causes = [Update(CommissionInclusion, inclusion.pk, changes)] if changes else []
    result = move(
        inclusion.commission_id,
        to,
        believed=believed,
        actor=actor,
        reason=reason,
        causes=causes,
        snapshot={"payout": inclusion.payout_id},
    )
    if isinstance(result, Won):
        return
    taken = not_free(inclusion.commission)
    raise ObligationLive(taken.detail, **taken.extra)
