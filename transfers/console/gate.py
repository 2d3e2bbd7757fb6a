"""The console's questions to the policy. What is shown asks once a request; what is done asks afresh and is audited."""

from typing import Final

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest

from access.actors import actor_from_request
from access.policy import may, sees
from access.regions import hidden_subject, seen_regions
from access.roles import Capability
from audit.record import Note, record_alone

__all__ = ["require", "sees"]

_LONGEST: Final = 64  # the column's; the number in an address may be any text


def require(request: HttpRequest, capability: Capability, subject: str) -> None:
    """Raise PermissionDenied (403) unless the user may do it now; Http404 for what belongs to another region.

    A refused change is an audit entry of `subject`. BadRequest (400) for a form with a character that no text holds.
    """
    if any("\x00" in one for values in request.POST.lists() for one in values[1]):
        raise BadRequest("A text has no NUL character.")
    allowed = may(request.user, capability)
    if allowed and not hidden_subject(subject, seen_regions(request)):
        return
    reason = "other_region" if allowed else "permission_denied"
    if request.method not in ("GET", "HEAD"):
        _record_refusal(request, capability, subject, reason)
    if allowed:
        raise Http404(f"There is no {subject.replace(':', ' ')}.")
    raise PermissionDenied(f"Your role may not do this ({capability}).")


def _record_refusal(
    request: HttpRequest, capability: Capability, subject: str, reason: str
) -> None:
    note = Note(
        subject=subject[:_LONGEST],
        action=capability,
        actor=actor_from_request(request),
        outcome="denied",
        reason=reason,
        snapshot={"method": request.method, "path": request.path[:500]},
    )
    record_alone(note)
