"""The second of two people confirms what became of an attempt: now it counts."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from audit.actor import Actor
from guard.door import refuse
from guard.errors import Conflicted, Invalid, NotFound
from rails.answers import Movement
from transfers.claim import Claim, claim_now
from transfers.errors import SecondPersonNeeded
from transfers.models import Release, ReleaseDecision, ReleaseState, Transfer, TransferStatus
from transfers.policy import RELEASED_BY_PEOPLE
from transfers.release_rules import ask_first, name_of, require_person, require_unknown
from transfers.selectors import get_transfer
from transfers.services.record_answer import entry, record_failed
from transfers.services.settle_movement import record_success
from transfers.services.stop_transfer import call_under_way, refuse_while_in_flight

_TO = {
    ReleaseDecision.MOVED: TransferStatus.SUCCESS,
    ReleaseDecision.NOT_MOVED: TransferStatus.FAILED,
}


def confirm_release(*, release_id: int, reason: str, actor: Actor) -> Release:
    """Processing with an unknown outcome -> success or failed, as two different people say. Not in a transaction.

    The rail is asked once more, and workers are shut out first (fence). Raises NotFound, Invalid (422),
    SecondPersonNeeded (403, audited), Conflicted (409), CallUnderWay (409), RailSaysOtherwise (409), PermissionDenied
    (403: a program).
    """
    person_id = require_person(actor)
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    release = Release.objects.filter(pk=release_id).first()
    if release is None:
        raise NotFound(f"There is no release {release_id}.")
    transfer = get_transfer(release.transfer_id)
    _require_second_person(release, person_id, actor)
    _require_open(release)
    require_unknown(transfer)
    refuse_while_in_flight(transfer)
    said = ask_first(transfer, release.decision, reference=release.rail_reference, actor=actor)
    claim = claim_now(transfer, action="taken_up", actor=actor, reason="two people decide")
    if claim is None:
        raise Conflicted("It changed meanwhile: look again.")
    if claim.in_flight:
        raise call_under_way(claim.attempt)
    try:
        with transaction.atomic():
            _close(release, person_id, reason.strip(), actor)
            _apply(release, claim, said, reason.strip(), actor)
    except IntegrityError as error:
        raise Conflicted("The database does not accept this release.") from error
    release.refresh_from_db()
    return release


def _require_second_person(release: Release, person_id: int, actor: Actor) -> None:
    if person_id != release.proposed_by_id and name_of(actor) != release.proposed_by:
        return
    error = SecondPersonNeeded("You proposed this release, so somebody else must confirm it.")
    refuse(
        Transfer,
        release.transfer_id,
        to=_TO[ReleaseDecision(release.decision)],
        actor=actor,
        outcome="denied",
        reason=error.code,
        detail=error.detail,
    )
    raise error


def _require_open(release: Release) -> None:
    if release.state != ReleaseState.PROPOSED:
        raise Conflicted(
            f"It is {release.state} already, by {release.closed_by}.",
            current_status=release.state,
            current_reviewer=release.closed_by,
        )


def _close(release: Release, person_id: int, reason: str, actor: Actor) -> None:
    # The transfer's row before the release's, as whoever proposes takes them: neither waits for the other in a circle.
    Transfer.objects.select_for_update(no_key=True).get(pk=release.transfer_id)
    ours = Release.objects.filter(pk=release.pk, state=ReleaseState.PROPOSED).update(
        state=ReleaseState.CONFIRMED,
        closed_by=name_of(actor)[:150],
        closed_by_id=person_id,
        closed_reason=reason,
        closed_at=Now(),
    )
    if not ours:
        raise Conflicted("Somebody else closed it at the same moment.")


def _apply(release: Release, claim: Claim, said: str, reason: str, actor: Actor) -> None:
    evidence = {
        "release": release.pk,
        "the_rail": said,
        "proposed": f"{release.proposed_by}: {release.proposed_reason}",
        "confirmed": f"{name_of(actor)}: {reason}",
    }
    if release.decision == ReleaseDecision.NOT_MOVED:
        who = f"{release.proposed_by} and {name_of(actor)}"
        message = f"{who} decided that no money moved: {reason}"
        won = record_failed(claim, RELEASED_BY_PEOPLE, message, evidence, actor=actor)
    else:
        movement = Movement(
            reference=release.rail_reference,
            amount_minor=claim.transfer.amount_minor,
            currency=claim.transfer.currency,
            destination="",
            group="",
        )
        line = entry("released", **evidence)
        won = record_success(
            claim.transfer,
            claim.attempt,
            movement,
            line,
            actor,
            also={"fence": claim.fence},
            reason=f"{release.proposed_by} and {name_of(actor)} decided that it moved: {reason}",
        )
    if not won:
        raise Conflicted("It changed meanwhile: look again.")
