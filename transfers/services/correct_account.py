"""A person's connected account was wrong: the next attempt, or the first, goes to the right one."""

import re
from typing import Final

from django.db import transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Invalid, NotFound
from transfers.models import Booking, CrewMember, SourceType, Transfer, TransferStatus
from transfers.services.retry_transfer import ObligationLive

# As a new booking may name it.
_ACCOUNT: Final = re.compile(r"[\x21-\x7e]{1,128}")


def correct_account(
    *, reference: str, user_id: str, stripe_account: str, reason: str, actor: Actor
) -> CrewMember:
    """Another `stripe_account` for one person of a booking, with an audit entry that names both. Own transaction.

    Only while nothing of theirs is paid or on its way: before Pay All, or after a proven failure. A preview that showed
    the old one is stale from then on. Raises NotFound, Invalid (422), ObligationLive (409).
    """
    account = stripe_account.strip()
    if not _ACCOUNT.fullmatch(account):
        raise Invalid("This is no Stripe account.", field="stripe_account", code="invalid")
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    with transaction.atomic():
        # The booking's row first, as whoever pays its crew takes it.
        booking = Booking.objects.select_for_update(no_key=True).filter(reference=reference).first()
        if booking is None:
            raise NotFound(f"There is no booking {reference}.")
        member = booking.crew.select_for_update(no_key=True).filter(user_id=user_id).first()
        if member is None:
            raise NotFound(f"There is no {user_id} on booking {reference}.")
        _refuse_while_paid(booking, member)
        snapshot = {"user_id": user_id, "from": member.stripe_account, "to": account}
        CrewMember.objects.filter(pk=member.pk).update(stripe_account=account)
        record(
            Note(
                f"booking:{booking.pk}",
                "booking.account_corrected",
                actor,
                reason=reason.strip(),
                snapshot=snapshot,
            )
        )
    member.refresh_from_db()
    return member


def _refuse_while_paid(booking: Booking, member: CrewMember) -> None:
    transfer = Transfer.objects.filter(
        source_type=SourceType.BOOKING, source_id=booking.pk, user_id=member.user_id
    ).first()
    if transfer is not None and transfer.status != TransferStatus.FAILED:
        raise ObligationLive(
            f"Their transfer is {transfer.status}: it goes, or went, to {transfer.destination}.",
            current_status=transfer.status,
        )
