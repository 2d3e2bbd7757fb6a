"""What each rail moved for us since a moment, whoever asked for it. HTTP calls, never in a transaction."""

from datetime import datetime
from typing import Final

from django.conf import settings

from rails.answers import Movement, Unreachable
from rails.horizon_values import LedgerOperation
from transfers.drivers import stellar_steps
from transfers.drivers.wise_look import look, movement_of
from transfers.drivers.wise_steps import turn as wise_turn
from transfers.models import Rail, StellarChannel, Transfer
from transfers.pace import wait_for_turn
from transfers.rail_access import horizon_rail, stellar_treasury, stripe_rail, wise_rail

_PAGE: Final = 200


def movements_since(rail: str, since: datetime) -> list[Movement] | Unreachable | None:
    """Every movement out of our money that the rail lists; None where the rail is not configured here."""
    if rail == Rail.STRIPE and settings.STRIPE_API_KEY:
        wait_for_turn(rail)
        seen = stripe_rail().list_since(int(since.timestamp()))
        return seen if isinstance(seen, Unreachable) else seen.movements
    if rail == Rail.WISE and settings.WISE_API_TOKEN and settings.WISE_PROFILE_ID:
        return _wise(since)
    if rail == Rail.STELLAR and settings.HORIZON_URL and settings.STELLAR_TREASURY_SECRET:
        return _stellar(since)
    return None


def _wise(since: datetime) -> list[Movement] | Unreachable:
    """Only what is funded; of those that are paid here already, no more is asked."""
    listed = wise_rail().list_since(since, before_page=wise_turn)
    if isinstance(listed, Unreachable):
        return listed
    known = set(
        Transfer.objects.filter(
            rail=Rail.WISE, rail_reference__in=[one.id for one in listed.value]
        ).values_list("rail_reference", flat=True)
    )
    moved = []
    for transfer in listed.value:
        if transfer.id not in known:
            seen = look(transfer.id)
            if isinstance(seen, Unreachable):
                return seen
            if not seen.is_funded:
                continue
        moved.append(movement_of(transfer))
    return moved


def _stellar(since: datetime) -> list[Movement] | Unreachable:
    """Payments out of the treasury, except those to its own channels."""
    treasury = stellar_treasury().account
    ours = {treasury, *StellarChannel.objects.values_list("account", flat=True)}
    moved: list[Movement] = []
    cursor = ""
    while True:
        stellar_steps.turn()
        page = horizon_rail().payments(treasury, cursor=cursor, limit=_PAGE, newest_first=True)
        if isinstance(page, Unreachable):
            return page
        for one in page.value or ():
            if one.created_at < since:
                return moved
            if one.successful and one.sender == treasury and one.to not in ours:
                moved.append(_payment(one))
        if not page.value or len(page.value) < _PAGE:
            return moved
        cursor = page.value[-1].paging_token


def _payment(one: LedgerOperation) -> Movement:
    return Movement(
        reference=one.reference,
        amount_minor=one.stroops,
        currency=one.currency,
        destination=one.to_muxed or one.to,
        group="",
        metadata={"to": one.to_muxed or one.to, "memo": one.memo},
    )
