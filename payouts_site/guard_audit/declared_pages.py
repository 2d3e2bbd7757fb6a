"""The declaration of the console's pages, and of what changes nothing about money."""

from typing import Final

from payouts_site.guard_audit.way import Way

_DECIDE: Final = "tests/payouts_console/test_decisions.py::"
_QUEUE: Final = "page payouts_payoutrequest_"
_HANDS: Final = "tests/payouts_reconcile/test_screen.py::"
_CREW: Final = "tests/console/test_crew.py::"
_MAY: Final = "tests/console/test_permissions.py::"
_PAGE: Final = "page transfers_"
_RAILS: Final = "tests/console/test_rails.py::"

PAGES: Final = (
    Way(
        f"{_PAGE}booking_crew_pay",
        "transfers.services.pay_crew.pay_crew",
        "a transfer for each person; workers pay it",
        f"{_CREW}test_pay_all_after_a_confirmation_enqueues_everybody",
    ),
    Way(
        f"{_PAGE}booking_crew_retry",
        "transfers.services.retry_transfer.retry_transfer",
        "failed -> pending; workers pay it",
        f"{_CREW}test_retry_of_one_person",
    ),
    Way(
        f"{_PAGE}booking_complete",
        "transfers.services.complete_booking.complete_booking",
        "scheduled -> completed; no money",
        f"{_CREW}test_a_job_is_closed_from_its_page",
    ),
    Way(
        f"{_PAGE}booking_cancel",
        "transfers.services.cancel_booking.cancel_booking",
        "scheduled -> cancelled, if nobody on it is paid or being paid; nobody is afterwards",
        f"{_CREW}test_a_job_is_closed_from_its_page",
    ),
    Way(
        f"{_PAGE}transfer_retry",
        "transfers.services.retry_transfer.retry_transfer",
        "failed -> pending; workers pay it",
        f"{_MAY}test_an_auditor_retries_nobody",
    ),
    Way(
        f"{_PAGE}transfer_reverse",
        "transfers.services.reverse_transfer.reverse_transfer",
        "a reversal; workers take the money back",
        f"{_MAY}test_a_super_admin_reverses_with_a_reason",
    ),
    Way(
        f"{_PAGE}transfer_ask",
        "transfers.services.confirm_transfer.confirm_transfer",
        "what the rail says now is applied",
        f"{_MAY}test_an_operator_asks_the_rail",
    ),
    Way(
        f"{_PAGE}railswitch_pause",
        "transfers.services.pause_rail.pause_rail",
        "open -> paused; nothing new leaves on the rail",
        f"{_RAILS}test_the_overview_pauses_and_resumes_a_rail",
    ),
    Way(
        f"{_PAGE}railswitch_resume",
        "transfers.services.resume_rail.resume_rail",
        "paused -> open; workers send what waited",
        f"{_RAILS}test_the_overview_pauses_and_resumes_a_rail",
    ),
    Way(
        f"{_PAGE}finding_resolve",
        "transfers.services.resolve_finding.resolve_finding",
        "open -> resolved",
        f"{_MAY}test_findings_are_resolved_with_a_note_by_who_may",
    ),
    Way(
        f"{_QUEUE}approve",
        "payouts.services.approve_payout.approve_payout",
        "requested -> approved with its one transfer; workers pay it",
        f"{_DECIDE}test_approve_from_the_sheet",
    ),
    Way(
        f"{_QUEUE}reject",
        "payouts.services.reject_payout.reject_payout",
        "requested -> rejected; nothing leaves",
        f"{_DECIDE}test_reject_needs_a_reason",
    ),
    Way(
        f"{_QUEUE}cancel",
        "payouts.services.cancel_payout.cancel_payout",
        "approved -> cancelled with its pending transfer",
        f"{_DECIDE}test_cancel_stops_both_and_retry_puts_it_back",
    ),
    Way(
        f"{_QUEUE}retry",
        "payouts.services.retry_payout.retry_payout",
        "failed or cancelled -> requested; nothing leaves",
        f"{_DECIDE}test_cancel_stops_both_and_retry_puts_it_back",
    ),
    Way(
        f"{_QUEUE}kyc",
        "payouts.services.set_kyc.set_kyc",
        "KYC status; without approval nothing leaves",
        f"{_DECIDE}test_kyc_is_set_where_a_reviewer_misses_it",
    ),
    Way(
        f"{_QUEUE}reissue",
        "payouts.services.reissue_payout.reissue_payout",
        "a successor in the queue, once the first is proven dead",
        f"{_DECIDE}test_reissue_only_the_dead_and_only_once",
    ),
    Way(
        f"{_QUEUE}cancel_transfer",
        "payouts.services.cancel_payout_transfer.cancel_payout_transfer",
        "out of the rail as far as it allows, back to a reviewer; never towards the payee",
        f"{_HANDS}test_cancel_shows_first_and_does_then",
    ),
    Way(
        f"{_QUEUE}confirm",
        "payouts.services.confirm_payout.confirm_payout",
        "what the rail proves is applied, findings that it answers are resolved",
        f"{_HANDS}test_one_payment_is_proven_from_the_page",
    ),
    Way(
        f"{_QUEUE}release_outcome",
        "payouts.services.release_payout.release_payout",
        "an unknown outcome becomes paid or failed, by two different people",
        f"{_HANDS}test_two_people_decide_on_the_page",
    ),
    Way(
        f"{_QUEUE}release_withdraw",
        "transfers.services.withdraw_release.withdraw_release",
        "a proposal is taken back; the outcome stays unknown",
        f"{_HANDS}test_two_people_decide_on_the_page",
    ),
    Way(
        f"{_QUEUE}bulk",
        "payouts.services.approve_payout.approve_payout",
        "approves or rejects each by itself",
        f"{_DECIDE}test_bulk_approves_each_by_itself_and_says_what_became_of_it",
    ),
    Way(
        "page payouts_commission_approve",
        "payouts.services.approve_commission.approve_commission",
        "accrued -> approved; a payout request may include it",
        "tests/payouts_console/test_commissions.py::test_every_step_from_its_page",
    ),
    Way(
        "page payouts_commission_void",
        "payouts.services.void_commission.void_commission",
        "accrued or approved -> voided; nothing is owed",
        "tests/payouts_console/test_commissions.py::test_every_step_from_its_page",
    ),
    Way(
        "page payouts_commission_claw_back",
        "payouts.services.claw_back_commission.claw_back_commission",
        "paid -> clawed back; one debt to us is written down",
        "tests/payouts_console/test_commissions.py::test_every_step_from_its_page",
    ),
    Way(
        "page payouts_commission_include",
        "payouts.services.include_commissions.include_commissions_in_payout",
        "approved -> included in one new request in the queue; no money",
        "tests/payouts_console/test_commissions.py::test_every_step_from_its_page",
    ),
    Way(
        f"{_QUEUE}claim",
        "payouts.services.claim_payout.claim_payout",
        "a name beside the row for a minute; binds nobody",
        "tests/payouts_console/test_queue.py::test_a_claim_is_posted_and_says_who_else_is_looking",
        only_keeps=True,
    ),
    Way(
        f"{_QUEUE}release",
        "payouts.services.release_claim.release_claim",
        "the name is taken away",
        "tests/payouts_console/test_queue.py::test_a_claim_is_posted_and_says_who_else_is_looking",
        only_keeps=True,
    ),
)

# Ways in that change nothing about money: what they do instead.
HARMLESS: Final[dict[str, str]] = {
    "page healthz": "reads",
    "page readyz": "reads",
    "page metrics": "reads",
    "page api/v1/": "says that the address is unknown",
    "page ^api/": "says that the address is unknown",
    "page ^webhooks/": "says that the address is unknown",
    "page transfers_booking_change": "reads",
    "page transfers_booking_changelist": "reads",
    "page transfers_booking_crew": "reads",
    "page transfers_booking_crew_confirm": "reads",
    "page transfers_booking_crew_live": "reads",
    "page transfers_booking_live": "reads",
    "page transfers_booking_timeline": "reads",
    "page transfers_finding_change": "reads",
    "page transfers_transfer_change": "reads",
    "page transfers_stellarenvelope_change": "reads",
    "page transfers_stellarchannel_change": "reads",
    "page payouts_commission_change": "reads",
    "page pay-page": "reads",
    "page checkout_checkoutsession_change": "reads",
    "page checkout_receipt_change": "reads",
    "page checkout_refund_change": "reads",
    "page checkout_reconcilerun_change": "reads",
    "page checkout_reconcilerun_changelist": "reads",
    "page payouts_payoutrequest_change": "reads",
    "page payouts_payoutrequest_changelist": "reads",
    "page payouts_payoutrequest_review": "reads",
    "page payouts_payoutrequest_live": "reads",
    "page payouts_payoutrequest_changes": "reads",
    "page payouts_payoutrequest_reveal": "shows bank details, audited",
    "action access.apitoken.revoke": "a token stops working, audited",
    "action auth.user.end_sessions": "people are logged out, audited",
    "action auth.user.reset_second_factor": "people set up a new second factor, audited",
    "action django_celery_beat.clockedschedule.delete_selected": "a schedule; the sweep finds due work without it",
    "action django_celery_beat.crontabschedule.delete_selected": "a schedule; the sweep finds due work without it",
    "action django_celery_beat.intervalschedule.delete_selected": "a schedule; the sweep finds due work without it",
    "action django_celery_beat.periodictask.delete_selected": "a schedule; the sweep finds due work without it",
    "action django_celery_beat.solarschedule.delete_selected": "a schedule; the sweep finds due work without it",
    "action django_celery_beat.periodictask.disable_tasks": "a schedule; each task is listed by itself",
    "action django_celery_beat.periodictask.enable_tasks": "a schedule; each task is listed by itself",
    "action django_celery_beat.periodictask.run_tasks": "a schedule; each task is listed by itself",
    "action django_celery_beat.periodictask.toggle_tasks": "a schedule; each task is listed by itself",
    "task transfers.read_balances": "keeps what Wise says is there, to be shown",
    "task audit.seal": "seals the audit log",
    "command create_api_token": "a token, audited",
    "command create_operator": "a user and a role, audited",
    "command guard_audit": "reads",
    "command generate_client": "reads; writes a file of the checkout",
    "command purge_idempotency": "forgets answers of thirty days ago",
    "command seal_audit": "seals the audit log",
    "command state_machines": "reads",
    "command verify_audit": "reads",
    "command race_report": "reads",
    "command doctor": "reads",
    "POST /api/v1/webhook-endpoints": "somebody is told of events, audited",
    "DELETE /api/v1/webhook-endpoints/{endpoint_id}": "somebody is told no more, audited",
    "POST /api/v1/webhook-endpoints/{endpoint_id}/enable": "somebody is told again, audited",
    "POST /api/v1/webhook-endpoints/{endpoint_id}/rotate": "another signing secret, audited",
    "POST /api/v1/webhook-deliveries/{delivery_id}/resend": "a message is sent again, audited",
    "page webhooks_webhookendpoint_changelist": "reads",
    "page webhooks_webhookendpoint_change": "reads",
    "page webhooks_webhookendpoint_new": "somebody is told of events, audited",
    "page webhooks_webhookendpoint_disable": "somebody is told no more, audited",
    "page webhooks_webhookendpoint_enable": "somebody is told again, audited",
    "page webhooks_webhookendpoint_rotate": "another signing secret, audited",
    "page webhooks_webhookdelivery_change": "reads",
    "page webhooks_webhookdelivery_resend": "a message is sent again, audited",
}

# They show buttons from a table of verbs, so their code names what it does not call. The test: a GET changes nothing.
SHOWS_VERBS: Final[dict[str, str]] = {
    "page transfers_transfer_change": "tests/console/test_get_changes_nothing.py",
    "page checkout_checkoutsession_change": "tests/checkout/test_console.py",
    "page checkout_receipt_change": "tests/checkout/test_console.py",
    "page checkout_refund_change": "tests/checkout/test_console.py",
}
