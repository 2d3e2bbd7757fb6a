"""The rails on the overview, each with what it is and the way to stop it or let it go: GET asks, POST does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from access.actors import actor_from_request
from access.roles import Capability
from guard.errors import Refused
from transfers.console.formats import Chip
from transfers.console.gate import require, sees
from transfers.console.notices import Notice, refusal
from transfers.models import Rail, RailSwitch
from transfers.models.rail_switch import EVERY_RAIL, SwitchStatus
from transfers.services.pause_rail import pause_rail
from transfers.services.resume_rail import resume_rail

_EVERYTHING: Final = "All rails"


@dataclass(frozen=True, slots=True)
class RailRow:
    """One rail as the overview shows it; `url` is empty where this person can do nothing about it."""

    label: str
    paused: bool
    reason: str
    by: str
    since: datetime | None
    button: str
    url: str

    @property
    def chip(self) -> Chip:
        """Its state in a colour."""
        return Chip("Paused", "amber", "pause") if self.paused else Chip("Open", "emerald", "check")


@dataclass(frozen=True, slots=True)
class Turning:
    """One of the two ways to turn a switch, as its page describes it."""

    verb: str
    capability: Capability
    explanation: str
    icon: str


PAUSE: Final = Turning(
    "Pause",
    "rail.pause",
    "Nothing new is sent until somebody resumes it. New payments are still accepted and wait. What may have left "
    "already is still asked about.",
    "pause_circle",
)
RESUME: Final = Turning(
    "Resume",
    "rail.resume",
    "What waits leaves with the next sweep, each payment once.",
    "play_circle",
)


def rail_rows(request: HttpRequest) -> list[RailRow]:
    """Every rail, and all of them at once when that is paused."""
    switches = {switch.rail: switch for switch in RailSwitch.objects.all()}
    rows = [_row(request, rail, Rail(rail).label, switches.get(rail)) for rail in Rail.values]
    frozen = switches.get(EVERY_RAIL)
    if frozen is not None and frozen.status == SwitchStatus.PAUSED:
        rows.insert(0, _row(request, EVERY_RAIL, _EVERYTHING, frozen))
    return rows


def _row(request: HttpRequest, rail: str, label: str, switch: RailSwitch | None) -> RailRow:
    paused = switch is not None and switch.status == SwitchStatus.PAUSED
    turning = RESUME if paused else PAUSE
    may = sees(request, turning.capability) and rail != EVERY_RAIL
    name = f"admin:transfers_railswitch_{turning.verb.lower()}"
    return RailRow(
        label=label,
        paused=paused,
        reason=switch.reason if switch is not None and paused else "",
        by=switch.changed_by if switch is not None else "",
        since=switch.updated_at if switch is not None else None,
        button=turning.verb,
        url=reverse(name, args=[rail]) if may else "",
    )


def pause_view(request: HttpRequest, rail: str) -> HttpResponse:
    """Open -> paused."""
    require(request, "rail.pause", f"rail:{rail}")
    return _answer(request, rail, PAUSE, pause_rail)


def resume_view(request: HttpRequest, rail: str) -> HttpResponse:
    """Paused -> open."""
    require(request, "rail.resume", f"rail:{rail}")
    return _answer(request, rail, RESUME, resume_rail)


def _answer(
    request: HttpRequest, rail: str, turning: Turning, run: Callable[..., RailSwitch]
) -> HttpResponse:
    if rail not in Rail.values:
        raise Http404("There is no such rail.")
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if request.method == "GET":
        return _page(request, rail, turning)
    try:
        run(
            rail=rail,
            reason=request.POST.get("reason", "").strip()[:500],
            actor=actor_from_request(request),
        )
    except Refused as error:
        return _page(request, rail, turning, refusal(error))
    done = "is paused" if turning is PAUSE else "is open again"
    Notice("done", f"{Rail(rail).label} {done}").to_next_page(request)
    return redirect(reverse("admin:index"))


def _page(
    request: HttpRequest, rail: str, turning: Turning, notice: Notice | None = None
) -> HttpResponse:
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": f"{turning.verb} {Rail(rail).label}",
        "turning": turning,
        "label": Rail(rail).label,
        "notice": notice,
        "reason": request.POST.get("reason", ""),
    }
    status = notice.status if notice else 200
    return TemplateResponse(request, "console/turn_rail.html", context, status=status)
