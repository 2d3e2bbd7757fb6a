"""Celery tasks: nothing in, service calls, nothing out. Losing or doubling one changes nothing but a moment."""

import threading

import structlog
from celery import shared_task

from checkout.services.reconcile_sessions import reconcile_sessions
from checkout.services.watch_account import accounts_watched, watch_account
from guard.errors import Refused

log = structlog.get_logger(__name__)
_watching = threading.Lock()


@shared_task(name="checkout.watch_payments")
def watch_payments() -> None:
    """Read every account on from where it was left; nothing while this process is still at it.

    Catching up takes longer than the time between two beats: without that, every thread of a worker would end up
    reading the same pages.
    """
    if not _watching.acquire(blocking=False):
        return
    try:
        for account in accounts_watched():
            _watch(account)
    finally:
        _watching.release()


def _watch(account: str) -> None:
    """An account that cannot be asked delays no other."""
    try:
        watch_account(account=account)
    except Refused as refused:
        log.warning("checkout.watch_held_off", account=account, reason=refused.detail)
    except Exception:
        log.exception("checkout.watch_failed", account=account)


@shared_task(name="checkout.reconcile_sessions")
def reconcile() -> None:
    """One run of the stale-session reconciler. Runs may overlap."""
    reconcile_sessions()
