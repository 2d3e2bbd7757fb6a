"""One run of the reconciler: find, ask, repair, and write down what was done and why."""

from django.utils import timezone

from audit.actor import Actor
from checkout.models import CheckoutSession, ReconcileRepair, ReconcileRun, RunOutcome
from checkout.reconcile.ledger import Told, believable_state, scans_for, tell
from checkout.reconcile.repair import Repair, foresee, repair
from checkout.reconcile.suspects import Suspect, find_suspects
from guard.errors import Refused

RECONCILER = Actor("worker", "reconciler")


def reconcile_sessions(*, dry_run: bool = False, actor: Actor = RECONCILER) -> ReconcileRun:
    """Repair what the ledger proves, raise a finding where it proves that nothing can be repaired.

    Horizon down, on another network, far behind or with its history cut: nothing is repaired, and the run says so.
    Runs may overlap. A transaction for each repair, none open during a call. `dry_run` changes no session. Raises
    nothing that a rail can cause.
    """
    run = ReconcileRun.objects.create(started_by=str(actor), dry_run=dry_run)
    suspects = find_suspects()
    problem = ""
    if suspects:
        try:
            _work(run, suspects, actor)
        except Refused as away:
            problem = away.detail
    repairs = list(run.repairs.values_list("action", flat=True))
    held = [one for one in repairs if one == "held_off"]
    if held and not problem:
        problem = f"{len(held)} session(s) were left as they are; each says why."
    changed = [one for one in repairs if one not in ("finding", "held_off", "nothing")]
    ReconcileRun.objects.filter(pk=run.pk).update(
        finished_at=timezone.now(),
        outcome=RunOutcome.HELD_OFF if problem and not changed else RunOutcome.DONE,
        problem=problem,
        looked_at=len(suspects),
        repaired=len(changed),
        findings=repairs.count("finding"),
    )
    run.refresh_from_db()
    return run


def _work(run: ReconcileRun, suspects: list[Suspect], actor: Actor) -> None:
    sessions = CheckoutSession.objects.in_bulk([one.session_id for one in suspects])
    state = believable_state()
    scans = scans_for(sessions.values(), state)
    for suspect in suspects:
        session = sessions[suspect.session_id]
        told = tell(session, scans[session.account], state)
        done = (
            foresee(session, suspect.case, told)
            if run.dry_run
            else repair(session.pk, suspect.case, told, actor)
        )
        _write_down(run, suspect, done, told)


def _write_down(run: ReconcileRun, suspect: Suspect, done: Repair, told: Told) -> None:
    ReconcileRepair.objects.create(
        run=run,
        session_id=suspect.session_id,
        case=suspect.case,
        action=done.action,
        detail=done.detail,
        evidence=told.evidence,
    )
