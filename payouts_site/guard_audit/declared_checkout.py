"""The declaration of checkout's ways in: endpoints, tasks and commands."""

from typing import Final

from payouts_site.guard_audit.way import Way

_S: Final = "POST /api/v1/checkout/sessions"
_ONE: Final = f"{_S}/{{session_id}}"
_R: Final = "POST /api/v1/checkout/receipts/{receipt_id}"
_REFUND: Final = "POST /api/v1/refunds/{refund_id}"
_API: Final = "tests/checkout/test_api.py::"
_RACES: Final = "tests/checkout/test_races.py::"
_CONSOLE: Final = "tests/checkout/test_console.py::"
_WATCH: Final = "tests/checkout/test_watching.py::"

CHECKOUT: Final = (
    Way(
        _S,
        "checkout.services.create_session.create_session",
        "a session that waits for a payment; no money",
        f"{_API}test_a_session_as_the_contract_shows_it",
    ),
    Way(
        f"{_ONE}/payments",
        "checkout.services.notify_payment.notify_payment",
        "what the ledger holds under that hash is processed, once",
        f"{_WATCH}TestNotify::test_a_named_transaction_is_looked_up_at_once",
    ),
    Way(
        f"{_ONE}/refunds",
        "checkout.services.create_refund.create_refund",
        "a requested refund that holds its money; nothing leaves",
        f"{_RACES}test_sixty_and_sixty_of_a_hundred",
    ),
    Way(
        f"{_ONE}/disputes",
        "checkout.services.open_dispute.open_dispute",
        "an open dispute that holds its money; nothing leaves",
        f"{_RACES}test_a_refund_and_a_dispute_in_both_orders_and_at_once",
    ),
    Way(
        f"{_R}/apply",
        "checkout.services.apply_receipt.apply_receipt",
        "an unmatched or surplus receipt pays an open session",
        f"{_RACES}test_a_payment_and_a_persons_hand_at_once",
    ),
    Way(
        f"{_R}/refunds",
        "checkout.services.create_refund.refund_receipt",
        "a requested refund that holds its money; nothing leaves",
        f"{_RACES}test_surplus_goes_back_once_whoever_asks_and_how",
    ),
    Way(
        f"{_REFUND}/approve",
        "checkout.services.approve_refund.approve_refund",
        "requested -> approved with its one transfer; workers pay it",
        f"{_RACES}test_one_decision_and_one_transfer_per_refund",
    ),
    Way(
        f"{_REFUND}/reject",
        "checkout.services.reject_refund.reject_refund",
        "requested -> rejected; what it held is free",
        f"{_RACES}test_one_decision_and_one_transfer_per_refund",
    ),
    Way(
        "POST /api/v1/disputes/{dispute_id}/resolve",
        "checkout.services.resolve_dispute.resolve_dispute",
        "won: its money is free; lost: a requested refund of what it held",
        f"{_RACES}test_two_resolve_a_dispute_at_once",
    ),
    Way(
        "task checkout.watch_payments",
        "checkout.services.watch_account.watch_account",
        "every operation beyond the cursor is processed once; sessions expire",
        f"{_WATCH}test_the_watcher_reads_every_operation_once",
    ),
    Way(
        "task checkout.reconcile_sessions",
        "checkout.services.reconcile_sessions.reconcile_sessions",
        "stale and inconsistent sessions are finished, rolled back or become findings",
        "tests/checkout/test_reconciling.py",
    ),
    Way(
        "command reconcile_sessions",
        "checkout.services.reconcile_sessions.reconcile_sessions",
        "stale and inconsistent sessions are finished, rolled back or become findings",
        "tests/checkout/test_reconciling.py",
    ),
    Way(
        "command watch_payments",
        "checkout.services.watch_account.watch_account",
        "every operation beyond the cursor is processed once; sessions expire",
        f"{_WATCH}test_the_command_catches_up_once",
    ),
)

_ASKED: Final = f"{_CONSOLE}test_a_refund_is_asked_for_by_one_and_approved_by_another"
_VERBS: Final = f"{_CONSOLE}test_the_other_verbs"
CHECKOUT_PAGES: Final = (
    Way(
        "page checkout_session_refund",
        "checkout.services.create_refund.create_refund",
        "a requested refund that holds its money; nothing leaves",
        _VERBS,
    ),
    Way(
        "page checkout_session_dispute",
        "checkout.services.open_dispute.open_dispute",
        "an open dispute that holds its money; nothing leaves",
        _VERBS,
    ),
    Way(
        "page checkout_receipt_refund",
        "checkout.services.create_refund.refund_receipt",
        "a requested refund that holds its money; nothing leaves",
        _ASKED,
    ),
    Way(
        "page checkout_receipt_apply",
        "checkout.services.apply_receipt.apply_receipt",
        "an unmatched or surplus receipt pays an open session",
        _VERBS,
    ),
    Way(
        "page checkout_refund_approve",
        "checkout.services.approve_refund.approve_refund",
        "requested -> approved with its one transfer; workers pay it",
        _ASKED,
    ),
    Way(
        "page checkout_refund_reject",
        "checkout.services.reject_refund.reject_refund",
        "requested -> rejected; what it held is free",
        _VERBS,
    ),
    Way(
        "page checkout_dispute_won",
        "checkout.services.resolve_dispute.resolve_dispute",
        "open -> won; its money is free",
        _VERBS,
    ),
    Way(
        "page checkout_dispute_lost",
        "checkout.services.resolve_dispute.resolve_dispute",
        "open -> lost; a requested refund of what it held",
        _VERBS,
    ),
)
