"""Bank details: a version is never changed, other details are a new version."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import NotFound
from payouts.decision import person
from payouts.encryption import blind_index, encrypt
from payouts.errors import RecipientUnreadable
from payouts.models import Payee, Recipient
from payouts.recipients import CheckedRecipient, check_recipient
from payouts.selectors import newest_recipient


def add_recipient(*, payee_id: int, details: Mapping[str, Any], actor: Actor) -> Recipient:
    """The payee's newest details of that type if they are these, else a new version. Own transaction.

    The payee's row is locked, so that two callers make two versions, and a dispatch of this moment sees the new
    details or none. A new version voids approvals that were given before it. Raises NotFound, Invalid (422).
    """
    checked = check_recipient(details)
    with transaction.atomic():
        return keep_recipient(payee_id, checked, actor=actor)


def keep_recipient(payee_id: int, checked: CheckedRecipient, *, actor: Actor) -> Recipient:
    """The same for details that were checked, in the caller's transaction."""
    if Payee.objects.select_for_update(no_key=True).filter(pk=payee_id).first() is None:
        raise NotFound(f"There is no payee {payee_id}.")
    newest = newest_recipient(payee_id, checked.type)
    if newest is not None and _are(newest, checked):
        return newest
    last = Recipient.objects.filter(payee_id=payee_id).aggregate(last=Max("version"))["last"] or 0
    recipient = Recipient.objects.create(
        payee_id=payee_id,
        version=last + 1,
        type=checked.type,
        masked=checked.masked,
        encrypted=encrypt(checked.details),
        blind_index=blind_index(checked.type, checked.details),
        created_by=person(actor),
    )
    record(
        Note(
            f"payee:{payee_id}",
            "payee.recipient_added",
            actor,
            snapshot={
                "recipient": recipient.pk,
                "version": recipient.version,
                "type": recipient.type,
                "masked": recipient.masked,
            },
        )
    )
    return recipient


def _are(recipient: Recipient, checked: CheckedRecipient) -> bool:
    """Details that no key fits any more are nobody's: the same account becomes a new version that can be read."""
    try:
        return recipient.details() == checked.details
    except RecipientUnreadable:
        return False
