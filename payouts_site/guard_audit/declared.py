"""The declaration: each way in that changes something about money, its guard, its side effect and its test.

`guard_audit` finds the ways in by itself and holds them against this. A new endpoint, action, task or command that is
not here fails the build, and so does one whose own handler does not reach the service that is written beside it, or a
declaration without a way in. To add one: its name as `guard_audit` prints it, the service, what it does, and a test.
"""

from typing import Final

from payouts_site.guard_audit.way import Way

_P: Final = "POST /api/v1/payouts"
_ONE: Final = f"{_P}/{{payout_id}}"
_API: Final = "tests/payouts/test_api.py::"
_C: Final = "POST /api/v1/commissions"
_COMMISSIONS: Final = "tests/payouts/test_commissions_api.py::"
_RACES: Final = "tests/payouts/test_commission_races.py::"
_B: Final = "POST /api/v1/bookings/{reference}"
_CLOSING: Final = "tests/transfers/test_close_booking.py::"
_T: Final = "POST /api/v1/transfers/{transfer_id}"
_RESTORE: Final = "tests/transfers/test_restore.py::test_a_crew_that_was_half_paid_at_the_backup"
_PAUSE: Final = "tests/transfers/test_pause_rail.py::TestSwitch::test_"

WAYS: Final = (
    Way(
        "POST /api/v1/bookings",
        "transfers.services.create_booking.create_booking",
        "a booking and what is owed to its crew; no money",
        "tests/transfers_api/test_bookings.py::test_a_booking_is_written_down_with_its_crew",
    ),
    Way(
        "POST /api/v1/bookings/{reference}/transfers",
        "transfers.services.pay_crew.pay_crew",
        "a transfer for each person; workers pay it",
        "tests/transfers_api/test_bulk_transfers.py::test_pay_all_enqueues_everybody_once",
    ),
    Way(
        f"{_B}/complete",
        "transfers.services.complete_booking.complete_booking",
        "scheduled -> completed; no money",
        f"{_CLOSING}TestOneCaller::test_a_job_is_done_or_cancelled_once",
    ),
    Way(
        f"{_B}/cancel",
        "transfers.services.cancel_booking.cancel_booking",
        "scheduled -> cancelled, if nobody on it is paid or being paid; nobody is afterwards",
        f"{_CLOSING}test_cancel_against_pay_all",
    ),
    Way(
        f"{_T}/retry",
        "transfers.services.retry_transfer.retry_transfer",
        "failed -> pending; workers pay it",
        "tests/transfers_api/test_transfers.py::test_a_proven_failure_is_retried_once",
    ),
    Way(
        f"{_T}/reverse",
        "transfers.services.reverse_transfer.reverse_transfer",
        "a reversal; workers take the money back",
        "tests/transfers_api/test_transfers.py::test_money_is_taken_back_in_parts",
    ),
    Way(
        f"{_T}/confirm",
        "transfers.services.confirm_transfer.confirm_transfer",
        "what the rail says now is applied",
        "tests/transfers_api/test_transfers.py::test_asking_the_rail_applies_what_it_says",
    ),
    Way(
        "POST /api/v1/findings/{finding_id}/resolve",
        "transfers.services.resolve_finding.resolve_finding",
        "open -> resolved; a disputed transfer may be retried",
        "tests/transfers_api/test_findings.py::test_a_finding_is_resolved_once",
    ),
    Way(
        _P,
        "payouts.services.create_payout.create_payout",
        "a request in the queue; no money",
        f"{_API}test_a_request_as_the_contract_shows_it",
    ),
    Way(
        f"{_ONE}/approve",
        "payouts.services.approve_payout.approve_payout",
        "requested -> approved with its one transfer; workers pay it",
        "tests/payouts/test_http_races.py",
    ),
    Way(
        f"{_ONE}/reject",
        "payouts.services.reject_payout.reject_payout",
        "requested -> rejected; nothing leaves",
        "tests/payouts/test_http_races.py",
    ),
    Way(
        f"{_ONE}/cancel",
        "payouts.services.cancel_payout.cancel_payout",
        "approved -> cancelled with its pending transfer",
        "tests/payouts/test_races.py::test_cancel_against_dispatch",
    ),
    Way(
        f"{_ONE}/retry",
        "payouts.services.retry_payout.retry_payout",
        "failed or cancelled -> requested; nothing leaves",
        f"{_API}test_approve_reject_cancel_retry",
    ),
    Way(
        "PUT /api/v1/payouts/{payout_id}/status",
        "payouts.services.set_payout_status.set_payout_status",
        "as the verb for that status",
        "tests/payouts/test_table.py::test_through_the_api",
    ),
    Way(
        f"{_ONE}/claim",
        "payouts.services.claim_payout.claim_payout",
        "a name beside the row for a minute; binds nobody",
        f"{_API}test_claims_are_shown_and_bind_nobody",
        only_keeps=True,
    ),
    Way(
        "DELETE /api/v1/payouts/{payout_id}/claim",
        "payouts.services.release_claim.release_claim",
        "the name is taken away",
        f"{_API}test_claims_are_shown_and_bind_nobody",
        only_keeps=True,
    ),
    Way(
        f"{_ONE}/reissue",
        "payouts.services.reissue_payout.reissue_payout",
        "a successor in the queue, once the first is proven dead",
        f"{_API}test_reissue",
    ),
    Way(
        "PUT /api/v1/payees/{external_id}",
        "payouts.services.put_payee.put_payee",
        "a payee's name and region",
        f"{_API}test_payees_and_kyc",
    ),
    Way(
        "POST /api/v1/payees/{external_id}/kyc",
        "payouts.services.set_kyc.set_kyc",
        "KYC status; without approval nothing leaves",
        f"{_API}test_payees_and_kyc",
    ),
    Way(
        _C,
        "payouts.services.accrue_commission.accrue_commission",
        "a commission that somebody may approve; no money",
        f"{_COMMISSIONS}test_a_commission_as_it_is_answered",
    ),
    Way(
        f"{_C}/{{commission_id}}/approve",
        "payouts.services.approve_commission.approve_commission",
        "accrued -> approved; a payout request may include it",
        f"{_COMMISSIONS}test_every_verb_over_the_api",
    ),
    Way(
        f"{_C}/{{commission_id}}/void",
        "payouts.services.void_commission.void_commission",
        "accrued or approved -> voided; nothing is owed",
        f"{_COMMISSIONS}test_every_verb_over_the_api",
    ),
    Way(
        f"{_C}/{{commission_id}}/claw-back",
        "payouts.services.claw_back_commission.claw_back_commission",
        "paid -> clawed back; one debt to us is written down",
        f"{_RACES}test_a_commission_is_clawed_back_once",
    ),
    Way(
        f"{_C}/payouts",
        "payouts.services.include_commissions.include_commissions_in_payout",
        "approved -> included in one new request in the queue; no money",
        f"{_RACES}test_two_payouts_want_the_same_commissions",
    ),
    Way(
        "page stripe-webhook",
        "transfers.services.receive_rail_event.receive_stripe_event",
        "a signed event is stored once; workers ask the rail",
        "tests/transfers/test_rail_events.py::TestReceiving",
        only_keeps=True,
    ),
    Way(
        "page wise-webhook",
        "transfers.services.receive_rail_event.receive_wise_event",
        "a signed event is stored once; workers ask the rail",
        "tests/transfers/test_wise_webhooks.py",
        only_keeps=True,
    ),
    Way(
        "task transfers.work_transfers",
        "transfers.services.work_transfer.work_transfer",
        "pays what is due under a fenced claim",
        "tests/transfers/test_work_transfer.py",
    ),
    Way(
        "task transfers.work_reversals",
        "transfers.services.work_reversal.work_reversal",
        "takes back what was asked for",
        "tests/transfers/test_reverse_transfer.py",
    ),
    Way(
        "task transfers.apply_rail_events",
        "transfers.services.apply_rail_event.apply_rail_event",
        "re-reads the rail and applies what it says",
        "tests/transfers/test_rail_events.py::TestApplying",
    ),
    Way(
        "task payouts.refresh_quotes",
        "payouts.services.refresh_quote.refresh_quote",
        "numbers of a waiting request; never after a decision",
        "tests/payouts/test_quotes.py::test_due_quotes_are_refreshed_and_one_failure_spoils_no_other",
    ),
    Way(
        "command import_legacy_transfers",
        "transfers.services.import_legacy_transfer.import_legacy_transfer",
        "what an older system paid, as it was; pays nothing",
        "tests/transfers/test_confirm_transfer.py",
    ),
    Way(
        "command pause_rail",
        "transfers.services.pause_rail.pause_rail",
        "open -> paused; nothing new leaves on the rail",
        f"{_PAUSE}commands_are_for_who_may",
    ),
    Way(
        "command resume_rail",
        "transfers.services.resume_rail.resume_rail",
        "paused -> open; workers send what waited",
        f"{_PAUSE}commands_are_for_who_may",
    ),
    Way(
        "command freeze_dispatch",
        "transfers.services.pause_rail.pause_rail",
        "open -> paused for all rails; nothing leaves",
        _RESTORE,
    ),
    Way(
        "command unfreeze_dispatch",
        "transfers.services.unfreeze_dispatch.unfreeze_dispatch",
        "paused -> open for all rails, after a clean comparison",
        _RESTORE,
    ),
    Way(
        "command compare_with_rail",
        "transfers.services.compare_with_rail.compare_with_rail",
        "what the rails prove is applied, the rest becomes findings; nothing leaves",
        _RESTORE,
    ),
    Way(
        "command adopt_movement",
        "transfers.services.adopt_movement.adopt_movement",
        "a lost attempt is written down again and settled; nothing leaves",
        _RESTORE,
    ),
    Way(
        "command stellar_channels",
        "transfers.services.open_channels.open_channels",
        "moves 5 XLM from the treasury to each of its own channel accounts that does not exist; no debt",
        "tests/transfers/test_stellar_batches.py::test_derived_channels_are_made_once_by_the_command",
    ),
    Way(
        "command correct_account",
        "transfers.services.correct_account.correct_account",
        "another account for a person who is not paid; no money",
        "tests/transfers/test_correct_account.py::test_a_failed_person_is_paid_after_the_correction",
    ),
    Way(
        "command payout_reissue",
        "payouts.services.reissue_payout.reissue_payout",
        "a successor in the queue, once the first is proven dead",
        "tests/payouts_commands/test_payout_reissue.py::test_apply_reissues_once",
    ),
    Way(
        "command payout_cancel_transfer",
        "payouts.services.cancel_payout_transfer.cancel_payout_transfer",
        "out of the rail as far as it allows, back to a reviewer; never towards the payee",
        "tests/payouts_reconcile/test_cancel.py::test_unfunded_is_cancelled_there_proven_dead_and_decided_anew",
    ),
    Way(
        "command payout_confirm",
        "payouts.services.confirm_payout.confirm_payout",
        "what the rail proves is applied, findings that it answers are resolved",
        "tests/payouts_reconcile/test_incidents.py::test_approved_twice_and_one_transfer_is_proven",
    ),
    Way(
        "command payout_release",
        "payouts.services.release_payout.release_payout",
        "an unknown outcome becomes paid or failed, by two different people",
        "tests/payouts_reconcile/test_release.py::test_the_first_proposes_and_the_second_decides",
    ),
    Way(
        "command seed_demo",
        "transfers.services.create_booking.create_booking",
        "a demonstration's bookings, requests and one approval, in development only",
        "tests/browser/conftest.py",
    ),
)
