"""One run of the reconciler: find, ask, repair, and write down what was done and why."""

from typing import Any, Final

from django.utils import timezone

from audit.actor import Actor
from checkout.errors import HorizonAway
from checkout.models import CheckoutSession, ReconcileRepair, ReconcileRun, RunOutcome
from checkout.reconcile.ledger import believable_state, scans_for, tell
from checkout.reconcile.repair import Repair, foresee, repair
from checkout.reconcile.suspects import Suspect, find_suspects
from guard.errors import Refused

RECONCILER = Actor("worker", "reconciler")
# So many in a row, and Horizon is away for all of them.
_MOST_UNANSWERED: Final = 3


def reconcile_sessions(*, dry_run: bool = False, actor: Actor = RECONCILER) -> ReconcileRun:
    """Repair what the ledger proves, raise a finding where it proves that nothing can be repaired.

    Horizon down, on another network, far behind or with its history cut: nothing is repaired, and the run says so.
    Runs may overlap. A transaction for each repair, none open during a call. `dry_run` changes no session. Raises
    nothing that a rail can cause.
    """
    run = ReconcileRun.objects.create(started_by=str(actor), dry_run=dry_run)
    problem = ""
    suspects: list[Suspect] = []
    try:
        suspects = find_suspects()
        if suspects:
            _work(run, suspects, actor)
    except Refused as away:
        problem = away.detail
    except Exception as failed:
        _end(run, f"It failed here ({type(failed).__name__}): the log says more.", len(suspects))
        raise
    return _end(run, problem, len(suspects))


def _end(run: ReconcileRun, problem: str, looked_at: int) -> ReconcileRun:
    repairs = list(run.repairs.values_list("action", flat=True))
    held = [one for one in repairs if one == "held_off"]
    if held and not problem:
        problem = f"{len(held)} session(s) were left as they are; each says why."
    changed = [one for one in repairs if one not in ("finding", "held_off", "nothing")]
    ReconcileRun.objects.filter(pk=run.pk).update(
        finished_at=timezone.now(),
        outcome=RunOutcome.HELD_OFF if problem and not changed else RunOutcome.DONE,
        problem=problem,
        looked_at=looked_at,
        repaired=len(changed),
        findings=repairs.count("finding"),
    )
    run.refresh_from_db()
    return run


def _work(run: ReconcileRun, suspects: list[Suspect], actor: Actor) -> None:
    sessions = CheckoutSession.objects.in_bulk([one.session_id for one in suspects])
    state = believable_state()
    scans = scans_for(sessions.values(), state)
    unanswered = 0
    for suspect in suspects:
        session = sessions[suspect.session_id]
        try:
            told = tell(session, scans[session.account], state)
        except HorizonAway as away:
            # One transaction that Horizon cannot show holds up no other session.
            _write_down(run, suspect, Repair("held_off", away.detail), {})
            unanswered += 1
            if unanswered >= _MOST_UNANSWERED:
                raise
            continue
        unanswered = 0
        done = (
            foresee(session, suspect.case, told)
            if run.dry_run
            else repair(session.pk, suspect.case, told, actor)
        )
        _write_down(run, suspect, done, told.evidence)


def _write_down(
    run: ReconcileRun, suspect: Suspect, done: Repair, evidence: dict[str, Any]
) -> None:
    ReconcileRepair.objects.create(
        run=run,
        session_id=suspect.session_id,
        case=suspect.case,
        action=done.action,
        detail=done.detail,
        evidence=evidence,
    )
