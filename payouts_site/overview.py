"""The console's first page: every room that has something to say there says it."""

from typing import Any

from django.http import HttpRequest

from checkout.console.dashboard import dashboard_context as checkout_context
from payouts.console.dashboard import dashboard_context as payouts_context


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: transfers', payout review's and checkout's cards."""
    return checkout_context(request, payouts_context(request, context))
