"""Full bank details for a person's eyes: a permission of its own, and never without a trace."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from access.policy import may
from audit.actor import Actor
from audit.record import Note, record
from guard.errors import NotFound, PermissionDenied
from payouts.models import Recipient


def reveal_recipient(*, recipient_id: int, actor: Actor, reason: str) -> dict[str, Any]:
    """The details with their type, for this one screen. Own transaction: the entry is committed before they are shown.

    Raises NotFound, PermissionDenied (403, audited) for whoever lacks `recipient.reveal`.
    """
    recipient = Recipient.objects.filter(pk=recipient_id).first()
    if recipient is None:
        raise NotFound(f"There is no recipient {recipient_id}.")
    user = User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    allowed = user is not None and may(user, "recipient.reveal")
    with transaction.atomic():
        record(
            Note(
                f"payee:{recipient.payee_id}",
                "payee.recipient_revealed",
                actor,
                outcome="noted" if allowed else "denied",
                reason=reason,
                snapshot={"recipient": recipient.pk, "masked": recipient.masked},
            )
        )
    if not allowed:
        raise PermissionDenied("Seeing full bank details needs the capability recipient.reveal.")
    return {"type": recipient.type, **recipient.details()}
