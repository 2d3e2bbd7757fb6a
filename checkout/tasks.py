"""Celery tasks: nothing in, service calls, nothing out. Losing or doubling one changes nothing but a moment."""

import structlog
from celery import shared_task

from checkout.services.reconcile_sessions import reconcile_sessions
from checkout.services.watch_account import accounts_watched, watch_account
from guard.errors import Refused

log = structlog.get_logger(__name__)


@shared_task(name="checkout.watch_payments")
def watch_payments() -> None:
    """Read every account on from where it was left. One that cannot be asked delays no other."""
    for account in accounts_watched():
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
