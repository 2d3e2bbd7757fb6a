"""Claims, attempts, keys and answers, whatever the rail; and Stripe's driver."""

from tests.guards.guard import Edit, Guard

TRANSFERS_0001 = "transfers/migrations/0001_initial.py"
RECORD = "transfers/services/record_answer.py"
WORK = "transfers/services/work_transfer.py"
STRIPE = "transfers/drivers/stripe.py"
RETRY = "transfers/services/retry_transfer.py"
PAUSE = "tests/transfers/test_pause_rail.py"
WORKING = "tests/transfers/test_work_transfer.py"
UNKNOWN = "tests/transfers/test_work_transfer_unknown.py"
LATER = "tests/transfers/test_later_attempts.py"
UNITS = "rails/stripe_units.py"
UNPAYABLE = "tests/transfers/test_create_booking.py::test_what_is_refused"

GUARDS = (
    Guard(
        "unique index one_transfer_per_debt",
        (
            Edit(
                TRANSFERS_0001,
                "fields=('source_type', 'source_id', 'user_id'), name='one_transfer_per_debt'",
                "fields=('debt_key',), name='one_transfer_per_debt'",
            ),
        ),
        "tests/transfers/test_pay_crew.py::test_two_who_cannot_see_each_other_pay_everybody_once",
    ),
    Guard(
        "unique index one_open_attempt_per_transfer",
        (
            Edit(
                TRANSFERS_0001,
                "fields=('transfer',), name='one_open_attempt_per_transfer'",
                "fields=('transfer', 'number'), name='one_open_attempt_per_transfer'",
            ),
        ),
        "tests/transfers/test_constraints.py::test_one_open_attempt_per_transfer",
    ),
    Guard(
        "key and request of an attempt are fixed",
        (
            Edit(
                "transfers/migrations/0004_wise_rail.py",
                "IF (OLD.transfer_id, OLD.number",
                "IF false AND (OLD.transfer_id, OLD.number",
            ),
        ),
        "tests/transfers/test_constraints.py::test_the_key_and_request_of_an_attempt_never_change",
    ),
    Guard(
        "fence check when an answer is recorded",
        (Edit(RECORD, '        also={"fence": claim.fence},\n', "", times=3),),
        f"{WORKING}::TestFence::test_a_late_decline_changes_nothing",
    ),
    Guard(
        "lease and version check when a claim is taken over",
        (
            Edit(
                "transfers/claim.py",
                '        version=transfer.version,\n        also={"due_at": PASSED},\n',
                "",
            ),
        ),
        f"{WORKING}::TestFence::test_two_who_take_up_the_same_row",
    ),
    Guard(
        "fence check before a resend",
        (Edit("transfers/claim.py", " AND transfer.fence = %s", " AND %s >= 0"),),
        f"{WORKING}::TestFence::test_a_lost_lease_sends_nothing_again",
    ),
    Guard(
        "the attempt's commit before the call",
        (
            Edit(WORK, "def work_transfer(", "@transaction.atomic\ndef work_transfer("),
            Edit(WORK, "from transfers.claim import", "from django.db import transaction\nfrom transfers.claim import"),
            Edit("transfers/pace.py", "    connection.close()\n", ""),
        ),
        f"{WORKING}::test_the_attempt_is_committed_before_the_call",
    ),
    Guard(
        "no call that could outlive its lease",
        (Edit(STRIPE, "    if not claim.has_time_for_a_call:", "    if claim is None:"),),
        f"{WORKING}::test_a_turn_that_came_too_late_sends_nothing",
    ),
    Guard(
        "the look at the rail before a resend",
        (Edit(STRIPE, "    if not claim.attempt.may_have_moved_money:", "    if claim.attempt:"),),
        f"{WORKING}::TestKilled::test_between_call_and_record",
    ),
    Guard(
        "the look at the rail after a late decline",
        (
            Edit(
                STRIPE,
                "if isinstance(answer, Declined) and claim.attempt.outcome == AttemptOutcome.UNKNOWN:",
                "if claim is None:",
            ),
        ),
        f"{UNKNOWN}::TestUnknown::test_a_decline_does_not_hide_a_movement_that_the_first_look_missed",
    ),
    Guard(
        "resend window",
        (
            Edit(
                "transfers/policy.py",
                "return not attempt.spent and now - attempt.first_sent_at < RESEND_WINDOW",
                "return not attempt.spent",
            ),
        ),
        f"{UNKNOWN}::TestUnknown::test_a_key_that_stripe_forgot_is_not_used_again_after_a_payment",
    ),
    Guard(
        "a spent key is not sent again",
        (Edit("transfers/policy.py", "return not attempt.spent and now -", "return now -"),),
        f"{UNKNOWN}::TestUnknown::test_a_spent_key_is_not_sent_again",
    ),
    Guard(
        "absence is proven only for a spent key and the whole ladder",
        (
            Edit(
                "transfers/policy.py",
                "return attempt.spent and attempt.probe_count + 1 >= len(delays)",
                "return True",
            ),
        ),
        f"{UNKNOWN}::TestUnknown::test_after_the_resend_window_nothing_is_sent_and_nothing_fails_by_itself",
    ),
    Guard(
        "refusal to retry an unknown outcome",
        (Edit(RETRY, "    if transfer.outcome_unknown:", "    if transfer is None:"),),
        "tests/transfers/test_retry_transfer.py::test_an_unknown_outcome_is_refused_and_audited",
    ),
    Guard(
        "refusal to retry what the rail's books contradict",
        (Edit(RETRY, "    elif transfer.status == TransferStatus.FAILED and disputed:", "    elif transfer is None:"),),
        "tests/transfers/test_retry_transfer.py::test_a_failure_that_a_movement_contradicts_cannot_be_retried",
    ),
    Guard(
        "a movement must be what was asked for",
        (Edit("transfers/services/settle_movement.py", "        if different:", "        if not attempt:"),),
        "tests/transfers/test_settle_movement.py::test_another_amount_or_person_is_a_finding_and_no_success",
    ),
    Guard(
        "reversals never exceed what was paid",
        (
            Edit(
                "transfers/services/reverse_transfer.py",
                "Transfer.objects.select_for_update(no_key=True).filter",
                "Transfer.objects.filter",
            ),
        ),
        "tests/transfers/test_reverse_transfer.py::test_eight_at_once_never_ask_for_more_than_was_paid",
    ),
    Guard(
        "webhook signature",
        (
            Edit(
                "transfers/services/receive_rail_event.py",
                "event = verify_event(payload, signature, settings.STRIPE_WEBHOOK_SECRET)",
                'event = __import__("json").loads(payload)',
            ),
        ),
        "tests/transfers/test_rail_events.py::TestReceiving::test_a_forged_signature_is_refused_and_nothing_is_stored",
    ),
    Guard(
        "preview token",
        (
            Edit(
                "transfers/services/pay_crew.py",
                "if preview_token is not None and preview_token !=",
                "if preview_token is None and preview_token !=",
            ),
        ),
        "tests/transfers/test_pay_crew.py::TestOneCaller::test_the_preview_that_was_shown_is_what_is_paid",
    ),
    Guard(
        "wake-up only after the commit",
        (
            Edit(
                "transfers/wake.py",
                "transaction.on_commit(lambda: wake(ids, task=task), robust=True)",
                "wake(ids, task=task)",
            ),
        ),
        "tests/transfers/test_pace_wake_sweep.py::TestWake::test_only_after_the_commit",
    ),
    Guard(
        "job lock",
        (
            Edit(
                "transfers/services/work_transfer.py",
                "    if has_job(transfer):",
                "    if transfer is None:",
            ),
        ),
        "tests/transfers/test_jobs.py::test_in_flight_it_is_skipped",
    ),
    Guard(
        "a paused rail: nothing that waits is begun",
        (Edit(WORK, "    if is_paused and transfer.status == TransferStatus.PENDING:", "    if transfer is None:"),),
        f"{PAUSE}::TestStripe::test_a_pending_one_waits_whoever_is_told_of_it",
    ),
    Guard(
        "a paused rail: nothing is sent again",
        (
            Edit(STRIPE, "    if is_paused(claim.transfer.rail):", "    if claim is None:"),
            Edit("transfers/claim.py", """ AND NOT {paused_condition('transfer.rail')}",""", '",'),
        ),
        f"{PAUSE}::TestStripe::test_one_that_never_arrived_is_not_sent_again_before_it_is_resumed",
    ),
    Guard(
        "a paused rail: no further step of what is under way",
        (
            Edit("transfers/drivers/wise.py", "step in _MAKES and is_paused(RAIL):", "claim is None:"),
            Edit("transfers/drivers/wise_fund.py", "    if is_paused(RAIL):", "    if claim is None:"),
        ),
        f"{PAUSE}::TestWise::test_paused_between_two_steps_it_goes_no_further",
    ),
    Guard(
        "Stripe: the look-up before a later attempt",
        (Edit(STRIPE, "    if claim.attempt.number == 1:", "    if claim.attempt.number:"),),
        f"{LATER}::test_what_an_earlier_attempt_moved_is_adopted_and_nothing_is_sent_beside_it",
    ),
    Guard(
        "Stripe: also where it could not be asked at first",
        (
            Edit(
                STRIPE,
                "        if _nothing_moved_before(claim, actor):\n            _resend(claim, actor)\n        return\n",
                "        _resend(claim, actor)\n        return\n",
            ),
        ),
        f"{LATER}::test_it_is_not_sent_while_the_rail_cannot_be_asked",
    ),
    Guard(
        "Stripe: a currency of which it has whole units only",
        (Edit(UNITS, '_HUNDREDTH: Final = frozenset({"MGA"})', "_HUNDREDTH: Final = frozenset()"),),
        "tests/rails/test_stripe.py::test_the_wire_amount_and_back",
    ),
    Guard(
        "Stripe: no part of a whole unit that it does not have",
        (Edit(UNITS, "        if rest:\n", "        if False:\n"),),
        UNPAYABLE,
    ),
    Guard(
        "Stripe: no third decimal",
        (Edit(UNITS, "    if currency in _IN_TENS and amount_minor % 10:", "    if False:"),),
        UNPAYABLE,
    ),
)  # fmt: skip
