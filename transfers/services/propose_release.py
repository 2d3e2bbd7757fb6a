"""The first of two people says what became of an attempt whose outcome the rail does not tell. Nothing changes yet."""

from django.db import IntegrityError, transaction

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Conflicted, Invalid
from transfers.models import Release, ReleaseDecision, ReleaseState, Transfer
from transfers.release_rules import ask_first, name_of, require_person, require_unknown
from transfers.selectors import get_transfer


def propose_release(
    *, transfer_id: int, decision: str, reason: str, actor: Actor, rail_reference: str = ""
) -> Release:
    """An open proposal; the same again by the same person is the same one. HTTP calls first, then its own transaction.

    `rail_reference`: for money that moved, the payment at the rail. Raises NotFound, Invalid (422), Conflicted (409:
    its outcome is known, or another proposal waits), RailSaysOtherwise (409), PermissionDenied (403: a program).
    """
    person_id = require_person(actor)
    transfer = get_transfer(transfer_id)
    require_unknown(transfer)
    reference = checked_reference(transfer, decision, rail_reference)
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    same = _open_of(transfer)
    if same is not None:
        return _same_or_refused(same, decision, reference, person_id)
    said = ask_first(transfer, decision, reference=reference, actor=actor)
    try:
        with transaction.atomic():
            locked = Transfer.objects.select_for_update(no_key=True).get(pk=transfer_id)
            require_unknown(locked)
            release = Release.objects.create(
                transfer=locked,
                decision=decision,
                rail_reference=reference,
                proposed_by=name_of(actor)[:150],
                proposed_by_id=person_id,
                proposed_reason=reason.strip(),
            )
            _note(release, said, reason.strip(), actor)
    except IntegrityError as error:
        raise Conflicted("Somebody else proposed at the same moment: look again.") from error
    return release


def checked_reference(transfer: Transfer, decision: str, rail_reference: str) -> str:
    """The payment that moved: the only one we could have funded, where there is one. Raises Invalid (422)."""
    if decision not in ReleaseDecision.values:
        raise Invalid(
            f"A decision is one of {', '.join(ReleaseDecision.values)}.",
            field="decision",
            code="invalid_choice",
        )
    if decision == ReleaseDecision.NOT_MOVED:
        return ""
    attempt = transfer.attempts.order_by("-number").first()
    ours = attempt.funding_reference if attempt is not None else ""
    given = rail_reference.strip()
    if ours and given not in ("", ours):
        raise Invalid(
            f"Only {ours} could be paid from here.", field="rail_reference", code="not_ours"
        )
    if not (ours or given):
        raise Invalid(
            "Name the payment that the rail shows.", field="rail_reference", code="required"
        )
    return ours or given[:128]


def _open_of(transfer: Transfer) -> Release | None:
    return transfer.releases.filter(state=ReleaseState.PROPOSED).first()


def _same_or_refused(open_one: Release, decision: str, reference: str, person_id: int) -> Release:
    same = (open_one.decision, open_one.rail_reference) == (decision, reference)
    if same and open_one.proposed_by_id == person_id:
        return open_one
    raise Conflicted(
        f"{open_one.proposed_by} proposed already that {open_one.get_decision_display().lower()}: confirm that, or "
        "have it withdrawn.",
        release=open_one.pk,
        current_reviewer=open_one.proposed_by,
        decision=open_one.decision,
    )


def _note(release: Release, said: str, reason: str, actor: Actor) -> None:
    record(
        Note(
            f"transfer:{release.transfer_id}",
            "transfer.release_proposed",
            actor,
            reason=reason,
            snapshot={
                "release": release.pk,
                "decision": release.decision,
                "rail_reference": release.rail_reference,
                "the_rail": said,
            },
        )
    )
