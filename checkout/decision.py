"""What the verbs share: belief, and the refusal that names the true winner, raised after the transaction."""

from django.db import models

from audit.actor import Actor
from audit.models import Entry
from checkout.errors import AlreadyDecided
from guard.door import Conflict, Illegal, Result, Won, refuse
from guard.errors import Invalid, Refused
from guard.subject import subject_of


def known_status(name: str | None, default: str, choices: list[str]) -> str:
    """The status that a caller believes in. Raises Invalid (422) for a word that is none."""
    if name is None:
        return default
    if name not in choices:
        raise Invalid(
            f"A status is one of {', '.join(choices)}.",
            field="expected_status",
            code="invalid_choice",
        )
    return name


def audit_refusal(
    error: Refused, model: type[models.Model], pk: int, *, to: str, actor: Actor
) -> Refused:
    """Write down that this was refused, in the caller's transaction; raise it after the commit."""
    refuse(
        model,
        pk,
        to=to,
        actor=actor,
        outcome="denied" if error.http_status == 403 else "conflict",
        reason=error.code,
        detail=error.detail,
    )
    return error


def raise_unless_won(
    model: type[models.Model], pk: int, result: Result | Refused, *decisions: str
) -> None:
    """Nothing if it moved, else the refusal; a conflict names who made one of `decisions`."""
    if isinstance(result, Won):
        return
    if isinstance(result, Refused):
        raise result
    if isinstance(result, Illegal):
        raise result.error()
    raise _conflict(model, pk, result, decisions)


def _conflict(
    model: type[models.Model], pk: int, lost: Conflict, decisions: tuple[str, ...]
) -> AlreadyDecided:
    decision = (
        Entry.objects.filter(subject=subject_of(model, pk), outcome="won", new_status__in=decisions)
        .order_by("-seq")
        .first()
    )
    who = None
    if decision is not None:
        name = decision.actor_name
        who = name.partition("/")[0] if decision.actor_kind == "token" else name
    detail = f"It was {decision.new_status} by {who}; n" if decision and who else "N"
    return AlreadyDecided(
        f"{detail}ow it is {lost.current_status} at version {lost.current_version}.",
        current_status=lost.current_status,
        current_version=lost.current_version,
        current_reviewer=who,
        decided_at=decision and decision.at,
        decision_reason=decision and decision.reason,
    )
