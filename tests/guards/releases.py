"""An unknown outcome that two people decide."""

from tests.guards.guard import Edit, Guard

GUARDS = (
    Guard(
        "second person for a release",
        (
            Edit(
                "transfers/services/confirm_release.py",
                "    _require_second_person(release, person_id, actor)\n",
                "",
            ),
        ),
        "tests/payouts_reconcile/test_release.py::test_the_proposer_is_refused_by_the_service_and_audited",
    ),
    Guard(
        "second person for a release, in the database",
        (
            Edit(
                "transfers/migrations/0007_release.py",
                "models.Q(('state', 'confirmed'), _negated=True)",
                "models.Q(('state', 'nothing'), _negated=True)",
            ),
        ),
        "tests/payouts_reconcile/test_release.py::test_nobody_is_two_people",
    ),
    Guard(
        "no release over a call that is in flight",
        (
            Edit(
                "transfers/claim.py",
                "    return not attempt.answered and age < timedelta(seconds=settings.LEASE_SECONDS)\n",
                "    return age < timedelta(0)\n",
            ),
        ),
        "tests/payouts_reconcile/test_cancel.py::test_nobody_decides_over_a_call_that_is_under_way",
    ),
    Guard(
        "nobody calls unmoved what a ledger may still take",
        (
            Edit(
                "transfers/release_rules.py",
                '    too_early = may_still_be_taken(transfer) if decision == ReleaseDecision.NOT_MOVED else ""\n',
                '    too_early = ""\n',
            ),
        ),
        "tests/transfers/test_stellar_pay.py::TestTwoPeopleAndALedger"
        "::test_they_cannot_say_that_it_has_not_moved_while_it_still_may",
    ),
    Guard(
        "one order of locks for whoever proposes and whoever confirms",
        (
            Edit(
                "transfers/services/confirm_release.py",
                "    Transfer.objects.select_for_update(no_key=True).get(pk=release.transfer_id)\n",
                "",
            ),
        ),
        "tests/payouts_reconcile/test_release.py"
        "::test_one_who_proposes_and_one_who_confirms_do_not_wait_for_each_other",
    ),
)  # fmt: skip
