"""Take a proposed release back: its proposer thought better of it, or a second person does not agree."""

from django.db import transaction
from django.db.models.functions import Now

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Conflicted, Invalid, NotFound
from transfers.models import Release, ReleaseState
from transfers.release_rules import name_of, require_person


def withdraw_release(*, release_id: int, reason: str, actor: Actor) -> Release:
    """Proposed -> withdrawn; the outcome stays unknown. Own transaction.

    Raises NotFound, Invalid (422), Conflicted (409: it is closed already), PermissionDenied (403: a program).
    """
    person_id = require_person(actor)
    if not reason.strip():
        raise Invalid("Say why.", field="reason", code="required")
    with transaction.atomic():
        ours = Release.objects.filter(pk=release_id, state=ReleaseState.PROPOSED).update(
            state=ReleaseState.WITHDRAWN,
            closed_by=name_of(actor)[:150],
            closed_by_id=person_id,
            closed_reason=reason.strip(),
            closed_at=Now(),
        )
        release = Release.objects.filter(pk=release_id).first()
        if release is None:
            raise NotFound(f"There is no release {release_id}.")
        record(
            Note(
                f"transfer:{release.transfer_id}",
                "transfer.release_withdrawn",
                actor,
                outcome="noted" if ours else "conflict",
                reason=reason.strip(),
                snapshot={"release": release.pk, "decision": release.decision},
            )
        )
    if not ours:
        raise Conflicted(
            f"It is {release.state} already, by {release.closed_by}.",
            current_status=release.state,
            current_reviewer=release.closed_by,
        )
    return release
