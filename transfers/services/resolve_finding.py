"""A person says what a finding came to. It moves no money and changes no transfer."""

from django.db import transaction
from django.db.models.functions import Now

from audit.actor import Actor
from audit.record import Note, record
from guard.errors import Conflicted, NotFound
from transfers.models import Finding, FindingState


def resolve_finding(
    *,
    finding_id: int,
    resolution: str,
    note: str,
    actor: Actor,
    expected_version: int | None = None,
) -> Finding:
    """Open -> resolved, once, with its audit entry. Own transaction; a refusal is audited too.

    `resolution` is at most 64 characters. Raises NotFound, Conflicted (409: somebody resolved it before, or it never
    was at `expected_version`).
    """
    with transaction.atomic():
        believed_open = expected_version in (None, Finding.VERSION_OPEN)
        open_ones = Finding.objects.filter(pk=finding_id, state=FindingState.OPEN)
        is_ours = (open_ones if believed_open else open_ones.none()).update(
            state=FindingState.RESOLVED,
            resolution=resolution,
            note=note,
            resolved_by=actor.name[:150],
            resolved_at=Now(),
        )
        finding = Finding.objects.filter(pk=finding_id).first()
        if finding is None:
            raise NotFound(f"There is no finding {finding_id}.")
        record(
            Note(
                subject=finding.subject,
                action="finding.resolved",
                actor=actor,
                outcome="won" if is_ours else "conflict",
                reason=note,
                snapshot={"finding": finding.pk, "kind": finding.kind, "resolution": resolution},
            )
        )
    if not is_ours:
        raise _resolved_before(finding, expected_version)
    return finding


def _resolved_before(finding: Finding, expected_version: int | None) -> Conflicted:
    return Conflicted(
        f"It was resolved already by {finding.resolved_by}."
        if finding.resolved_by
        else f"It is at version {finding.version}, not {expected_version}.",
        current_status=finding.state,
        current_version=finding.version,
        current_reviewer=finding.resolved_by,
        decided_at=finding.resolved_at,
        decision_reason=finding.note,
    )
