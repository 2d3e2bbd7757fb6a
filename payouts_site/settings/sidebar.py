"""What the console's sidebar lists, and who sees it."""

from django.urls import reverse_lazy


def _page(title: str, icon: str, name: str, seen_by: str = "") -> dict[str, object]:
    """One entry of the console's sidebar; `seen_by` names the question in transfers.console.navigation."""
    entry: dict[str, object] = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}")}
    if seen_by:
        entry["permission"] = f"transfers.console.navigation.sees_{seen_by}"
    return entry


_MONEY = [
    _page("Overview", "space_dashboard", "index"),
    _page("Bookings", "event_available", "transfers_booking_changelist", "bookings"),
    _page("Payout review", "fact_check", "payouts_payoutrequest_changelist", "payouts"),
    _page("Commissions", "percent", "payouts_commission_changelist", "commissions"),
    _page("Transfers", "payments", "transfers_transfer_changelist", "transfers"),
    _page(
        "Stellar transactions", "receipt_long", "transfers_stellarenvelope_changelist", "transfers"
    ),
]
_CHECKOUT = [
    _page("Sessions", "shopping_cart", "checkout_checkoutsession_changelist", "checkout"),
    _page("Incoming payments", "call_received", "checkout_receipt_changelist", "checkout"),
    _page("Refunds", "undo", "checkout_refund_changelist", "checkout"),
    _page("Reconciler", "healing", "checkout_reconcilerun_changelist", "checkout"),
]
_TRUST = [
    _page("Findings", "flag", "transfers_finding_changelist", "findings"),
    _page("Audit log", "history_edu", "audit_entry_changelist", "audit"),
    _page("Audit seals", "approval", "audit_seal_changelist", "audit"),
]
_INTEGRATIONS = [
    _page("Rail events", "webhook", "transfers_railevent_changelist", "rail_events"),
    _page("Webhook endpoints", "hub", "webhooks_webhookendpoint_changelist", "rail_events"),
    _page(
        "Webhook deliveries", "outgoing_mail", "webhooks_webhookdelivery_changelist", "rail_events"
    ),
]
_ACCESS = [
    _page("People", "group", "auth_user_changelist", "access"),
    _page("Roles", "shield_person", "auth_group_changelist", "access"),
    _page("API tokens", "key", "access_apitoken_changelist", "access"),
    _page("Schedule", "schedule", "django_celery_beat_periodictask_changelist", "access"),
]


def navigation() -> list[dict[str, object]]:
    """The groups from top to bottom."""
    return [
        {"title": "Money", "items": _MONEY},
        {"title": "Checkout", "separator": True, "items": _CHECKOUT},
        {"title": "Trust", "separator": True, "items": _TRUST},
        {"title": "Integrations", "separator": True, "items": _INTEGRATIONS},
        {"title": "Access", "separator": True, "items": _ACCESS},
    ]
