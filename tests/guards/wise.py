"""Wise's driver and webhooks."""

from tests.guards.guard import Edit, Guard

GUARDS = (
    Guard(
        "unique index one_fundable_movement_per_debt",
        (
            Edit(
                "transfers/migrations/0004_wise_rail.py",
                "fields=('transfer',), name='one_fundable_movement_per_debt'",
                "fields=('transfer', 'number'), name='one_fundable_movement_per_debt'",
            ),
        ),
        "tests/transfers/test_wise_funding.py::test_the_database_allows_one_fundable_transfer_a_debt",
    ),
    Guard(
        "Wise: the funding is committed before the call",
        (
            Edit(
                "transfers/drivers/wise_fund.py",
                '    committed = commit_step(claim, {**claim.attempt.progress, "fund": sending}, sending=True)\n',
                "    committed = claim if sending else None\n",
            ),
        ),
        "tests/transfers/test_wise_workers.py::test_a_worker_that_dies_in_the_funding_leaves_it_unknown",
    ),
    Guard(
        "Wise: signature of a webhook",
        (
            Edit(
                "transfers/services/receive_rail_event.py",
                "event = verify_notification(payload, signature, settings.WISE_WEBHOOK_PUBLIC_KEY)",
                'event = __import__("json").loads(payload)',
            ),
        ),
        "tests/transfers/test_wise_webhooks.py::test_what_wise_did_not_sign_is_refused_and_not_stored",
    ),
    Guard(
        "Wise: a later attempt asks whether an earlier one was paid",
        (
            Edit(
                "transfers/drivers/wise_before.py",
                "Q(transfer=transfer, number__lt=attempt.number)",
                "Q(pk=None)",
            ),
        ),
        "tests/transfers/test_wise_funding.py::test_what_people_gave_up_and_wise_shows_as_paid_is_not_paid_again",
    ),
    Guard(
        "Wise: a successor asks whether the first was paid",
        (Edit("transfers/drivers/wise_before.py", " | Q(transfer__in=replaced_by(transfer))", ""),),
        "tests/transfers/test_wise_funding.py::test_a_successor_sends_nothing_while_the_firsts_money_is_out",
    ),
    Guard(
        "Wise: a successor asks back to the first",
        (
            Edit(
                "transfers/replaced.py",
                " WHERE transfer.supersedes_id IS NOT NULL)",
                " WHERE transfer.supersedes_id IS NULL)",
            ),
        ),
        "tests/transfers/test_wise_funding.py::test_nor_does_the_successor_of_a_successor",
    ),
)  # fmt: skip
