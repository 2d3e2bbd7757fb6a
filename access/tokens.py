"""A token's next secret. The row stays what it was; its successor is another row with the same rights."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Least, Now
from knox.settings import knox_settings

from access.models import ApiToken
from access.policy import roles_of
from audit.actor import Actor
from audit.record import Note, record


class NoToken(Exception):
    """There is no such token that still works, or its user could do nothing with another."""


def rotate_token(
    *, token_id: int, overlap: timedelta, actor: Actor, ttl: timedelta | None = None
) -> tuple[ApiToken, str]:
    """A successor of the same user, name and scopes, and its secret, which is told only now. Own transaction.

    The old secret works for `overlap` longer, and never longer than it would have; both are audited. Two rotations at
    once make one successor: the second finds a token whose end is set. Raises NoToken.
    """
    with transaction.atomic():
        old = (
            ApiToken.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=token_id, revoked_at__isnull=True, rotated_at__isnull=True)
            .filter(expiry__gt=Now())
            .first()
        )
        if old is None:
            raise NoToken(f"There is no token {token_id} that works and was not rotated yet.")
        if not old.user.is_active or not roles_of(old.user):
            raise NoToken(f"{old.user} is inactive or has no role: a token could do nothing.")
        ApiToken.objects.filter(pk=old.pk).update(
            expiry=Least("expiry", Now() + overlap), rotated_at=Now()
        )
        token, secret = ApiToken.objects.create(
            user=old.user, expiry=ttl or knox_settings.TOKEN_TTL, name=old.name, scopes=old.scopes
        )
        seconds = int(overlap.total_seconds())
        record(
            Note(
                subject=f"api_token:{old.pk}",
                action="token.rotated",
                actor=actor,
                snapshot={"successor": token.pk, "overlap_seconds": seconds},
            ),
            Note(
                subject=f"api_token:{token.pk}",
                action="token.created",
                actor=actor,
                snapshot={"username": old.user.username, "name": old.name, "scopes": old.scopes, "rotates": old.pk},
            ),
        )  # fmt: skip
    return token, secret
