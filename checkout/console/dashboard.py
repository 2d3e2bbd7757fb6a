"""Checkout on the overview: what waits, what came in and pays nothing, what another person must approve, how far the
ledger is known. Every figure is read through an index and capped, like the transfers' own.
"""

from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from checkout.console.formats import amount_text, receipt_chip, short
from checkout.models import CheckoutSession, Receipt, Refund, WatchCursor
from transfers.console.dashboard import MOST_LISTED, Card, capped
from transfers.console.formats import span
from transfers.console.gate import sees

LATE_SECONDS: Final = 60


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds `checkout_cards` and `stray_receipts` for who may see them, where money can come in at all."""
    if settings.STELLAR_RECEIVING_ACCOUNT and sees(request, "checkout.read"):
        context["checkout_cards"] = checkout_cards()
        unmatched = Receipt.objects.filter(status="unmatched", session=None)
        context["stray_receipts"] = [
            (one, amount_text(one.amount_minor, one.currency), short(one.sender), receipt_chip(one))
            for one in unmatched.order_by("-id")[:MOST_LISTED]
        ]
    return context


def checkout_cards() -> list[Card]:
    """Five queries."""
    surplus = Receipt.objects.filter(status="surplus", held_minor__lt=F("amount_minor"))
    return [
        _counted("Waiting sessions", "for a customer's payment", "shopping_cart", "grey",
                 capped(CheckoutSession.objects.filter(status__in=("pending", "processing"))),
                 "checkoutsession", "pending"),
        _counted("Unmatched", "came in and pays nothing", "help", "red",
                 capped(Receipt.objects.filter(status="unmatched")), "receipt", "unmatched"),
        _counted("Surplus", "to be refunded or applied", "add_circle", "amber",
                 capped(surplus), "receipt", "surplus"),
        _counted("Refunds", "for another person to approve", "undo", "amber",
                 capped(Refund.objects.filter(status="requested")), "refund", "requested"),
        _ledger(),
    ]  # fmt: skip


def _counted(
    title: str, note: str, icon: str, tone: str, count: str, model: str, status: str
) -> Card:
    url = f"{reverse(f'admin:checkout_{model}_changelist')}?status={status}"
    return Card(title, count, note, icon, "grey" if count == "0" else tone, url)


def _ledger() -> Card:
    """How far the account that is furthest behind has been read."""
    url = reverse("admin:checkout_reconcilerun_changelist")
    cursors = list(WatchCursor.objects.order_by("account"))
    known = [one.caught_up_at for one in cursors if one.caught_up_at is not None]
    if not cursors or len(known) < len(cursors):
        return Card("Ledger known", "not yet", "being read", "hourglass_top", "amber", url)
    behind = (timezone.now() - min(known)).total_seconds()
    note = next((one.problem for one in cursors if one.problem), "is how far it has been read")
    tone = "red" if behind > LATE_SECONDS else "grey"
    return Card("Ledger known", f"{span(behind)} ago", note, "menu_book", tone, url)
