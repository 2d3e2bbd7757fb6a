"""What the verbs share: who decides, what the door said, and the refusal that names the true winner."""

from django.db import IntegrityError, connection
from psycopg import errors as postgres

from audit.actor import Actor
from audit.models import Entry
from guard.door import Conflict, Illegal, Result, Won, refuse
from guard.errors import Conflicted, Invalid, Refused
from payouts.errors import (
    AlreadyDecided,
    ApprovalLimitExceeded,
    KycIncomplete,
    ObligationLive,
    SelfApproval,
)
from payouts.models import PayoutRequest, PayoutStatus

_OF_THE_DATABASE: dict[str, Refused] = {
    "payout_is_not_approved_by_its_maker": SelfApproval("You made this request."),
    "payout_payee_kyc_is_approved": KycIncomplete("The payee's KYC is not approved."),
    "payout_approval_is_within_the_limit": ApprovalLimitExceeded("Your limit is used up."),
    "payout_is_not_superseded": ObligationLive("It was reissued: the successor is what is paid."),
    "one_transfer_per_debt": ObligationLive(
        "It was decided and asked again meanwhile: look again."
    ),
    "payout_holds_its_commissions": ObligationLive(
        "A commission that it would pay is in another request."
    ),
    "payout_supersedes_only_the_dead": ObligationLive("The earlier payout is not proven dead."),
}


def person(actor: Actor) -> str:
    """The name people know: a token acts for its user, whose name has no slash."""
    return actor.name.partition("/")[0] if actor.kind == "token" else actor.name


def known_status(name: str | None, default: str) -> str:
    """The status that a caller believes in. Raises Invalid (422) for a word that is none."""
    if name is None:
        return default
    if name not in PayoutStatus.values:
        raise Invalid(
            f"A status is one of {', '.join(PayoutStatus.values)}.",
            field="expected_status",
            code="invalid_choice",
        )
    return name


def lock_reviewer(reviewer_id: int) -> None:
    """Approvals of one person follow each other, until the end of the transaction. As in `ApprovalRules`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('payout reviewer ' || %s::bigint, 0))",
            [reviewer_id],
        )


def audit_refusal(error: Refused, payout_id: int, *, to: str, actor: Actor) -> Refused:
    """Write down that this was refused, with its numbers, in the caller's transaction; raise it after the commit."""
    refuse(
        PayoutRequest,
        payout_id,
        to=to,
        actor=actor,
        outcome="denied" if error.http_status == 403 else "conflict",
        reason=error.code,
        detail=error.detail,
        **error.extra,
    )
    return error


def refusal_by_database(error: IntegrityError) -> Refused:
    """The typed refusal for a rule that a trigger enforced; anything else is raised again."""
    cause = error.__cause__
    name = cause.diag.constraint_name if isinstance(cause, postgres.Error) else None
    if name not in _OF_THE_DATABASE:
        raise error
    known = _OF_THE_DATABASE[name]
    return type(known)(known.detail)


def raise_unless_won(payout_id: int, result: Result | Refused, *, deciding: bool = False) -> None:
    """After the transaction: nothing if it moved, else the refusal. `deciding`: approve and reject."""
    if isinstance(result, Won):
        return
    if isinstance(result, Refused):
        raise result
    if isinstance(result, Illegal):
        raise result.error()
    raise conflict_error(payout_id, result) if deciding else result.error(Conflicted)


def conflict_error(payout_id: int, lost: Conflict) -> AlreadyDecided:
    """Who decided, when and why: the newest decision in the audit log, not whichever worker moved it on since."""
    decision = None
    if lost.current_status != PayoutStatus.REQUESTED:
        decision = (
            Entry.objects.filter(
                subject=f"payout:{payout_id}",
                outcome="won",
                new_status__in=(PayoutStatus.APPROVED, PayoutStatus.REJECTED),
            )
            .order_by("-seq")
            .first()
        )
    if decision is None:
        detail = f"It is {lost.current_status} at version {lost.current_version}: it changed since you looked."
        return AlreadyDecided(
            detail,
            current_status=lost.current_status,
            current_version=lost.current_version,
            current_reviewer=None,
            decided_at=None,
            decision_reason=None,
        )
    name = decision.actor_name
    who = name.partition("/")[0] if decision.actor_kind == "token" else name
    return AlreadyDecided(
        f"It was {decision.new_status} by {who}; now it is {lost.current_status}.",
        current_status=lost.current_status,
        current_version=lost.current_version,
        current_reviewer=who,
        decided_at=decision.at,
        decision_reason=decision.reason,
        decision=decision.new_status,
    )
