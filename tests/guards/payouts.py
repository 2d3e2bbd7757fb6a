"""Payout requests and commissions: who decides, about what, and how often it is paid."""

from tests.guards.guard import Edit, Guard

PAYOUTS_0001 = "payouts/migrations/0001_initial.py"
PAYOUTS_0003 = "payouts/migrations/0003_commissions.py"
APPROVE = "payouts/services/approve_payout.py"
PAYOUT_RACES = "tests/payouts/test_races.py"
PAYOUT_RULES = "tests/payouts/test_rules.py"
PAYOUT_SOURCE = "tests/payouts/test_source.py"
NOT_BESIDE_IT = "test_what_is_out_at_the_rail_without_a_transfer_here_is_not_paid_beside_it"

GUARDS = (
    Guard(
        "payout: status condition when it is approved",
        (
            Edit("guard/door.py", '        "status": believed,\n', ""),
            Edit("guard/statement.py", ' or \'"status" = \' not in where', ""),
            Edit(APPROVE, "        payout.status == believed\n", "        bool(believed)\n"),
        ),
        f"{PAYOUT_RACES}::test_one_winner_in_every_round",
    ),
    Guard(
        "payout: fingerprint check before dispatch",
        (
            Edit(
                "payouts/source.py",
                "in _DISPATCHED and payout.approval_fingerprint == now.fingerprint():",
                "in _DISPATCHED:",
            ),
        ),
        "tests/payouts/test_source.py::test_drift_before_dispatch_voids_the_approval_and_nothing_leaves",
    ),
    Guard(
        "payout: maker is not checker, trigger and constraint",
        (
            Edit(PAYOUTS_0001, "IF NEW.reviewed_by_id = NEW.created_by_id THEN", "IF false THEN"),
            Edit(
                PAYOUTS_0001,
                "models.Q(('created_by_id', models.F('reviewed_by_id')), _negated=True)",
                "models.Q(('amount_minor__gt', 0))",
            ),
        ),
        f"{PAYOUT_RULES}::test_nobody_approves_their_own_request_around_the_door",
    ),
    Guard(
        "payout: trigger, KYC is approved",
        (
            Edit(
                PAYOUTS_0001,
                "WHERE id = NEW.payee_id AND status = 'approved' FOR SHARE",
                "WHERE id = NEW.payee_id FOR SHARE",
            ),
        ),
        f"{PAYOUT_RULES}::test_without_kyc_nothing_is_approved_around_the_door",
    ),
    Guard(
        "payout: lock of a reviewer's limit",
        (
            Edit(
                PAYOUTS_0001,
                "PERFORM pg_advisory_xact_lock(hashtextextended('payout reviewer ' || NEW.reviewed_by_id, 0));",
                "",
            ),
            Edit(APPROVE, "            lock_reviewer(actor.user_id)", "            pass"),
        ),
        f"{PAYOUT_RACES}::test_two_approvals_at_the_edge_of_the_limit",
    ),
    Guard(
        "commission: in at most one live payout",
        (
            Edit(
                PAYOUTS_0003,
                "fields=('commission',), name='commission_is_in_at_most_one_live_payout'",
                "fields=('commission', 'payout'), name='commission_is_in_at_most_one_live_payout'",
            ),
        ),
        "tests/payouts/test_commissions.py::TestDatabase::test_a_commission_is_in_at_most_one_live_payout",
    ),
    Guard(
        "commission: it follows its payout",
        (Edit("payouts/change.py", "follow(payout_id, to, actor=actor, reason=reason)", "pass"),),
        "tests/payouts/test_commissions.py::test_many_become_one_request_over_their_sum",
    ),
    Guard(
        "an approval has its transfer at its commit, or no release",
        (
            Edit(
                "payouts/migrations/0004_approval_has_its_transfer.py",
                "status NOT IN ('failed', 'cancelled');\\n            IF NOT FOUND",
                "status NOT IN ('failed', 'cancelled');\\n            IF false",
            ),
        ),
        "tests/payouts/test_rules.py::test_an_approval_around_the_door_without_a_transfer_is_not_committed",
    ),
    Guard(
        "payout: a finding about the request itself counts",
        (
            Edit(
                "payouts/selectors.py",
                'subjects = [f"payout:{payout_id}", *([f"transfer:{transfer.pk}"] if transfer else [])]',
                'subjects = [f"transfer:{transfer.pk}"] if transfer else []',
            ),
        ),
        f"{PAYOUT_SOURCE}::{NOT_BESIDE_IT}",
    ),
    Guard(
        "payout: an open finding stops its approval",
        (Edit(APPROVE, "    if is_disputed(payout.pk, transfer):", "    if False:"),),
        f"{PAYOUT_SOURCE}::{NOT_BESIDE_IT}",
    ),
    Guard(
        "payout: an open finding stops its reissue",
        (Edit("payouts/services/reissue_payout.py", "    if is_disputed(earlier.pk, transfer):", "    if False:"),),
        f"{PAYOUT_SOURCE}::{NOT_BESIDE_IT}",
    ),
    Guard(
        "payout: a finding about the first stops its successor",
        (
            Edit(
                APPROVE,
                "        if is_disputed(earlier, transfer_of(earlier)):",
                "        if False:",
            ),
        ),
        f"{PAYOUT_SOURCE}::test_a_successor_waits_while_the_firsts_money_may_have_left_again",
    ),
    Guard(
        "payout: also about the first of a chain of successors",
        (
            Edit(
                "payouts/selectors.py",
                " WHERE payout.supersedes_id IS NOT NULL)",
                " WHERE payout.supersedes_id IS NULL)",
            ),
        ),
        f"{PAYOUT_SOURCE}::test_so_does_the_successor_of_one_that_was_decided_against",
    ),
    Guard(
        "payout: a successor's transfer names the money of the first",
        (
            Edit(
                APPROVE,
                "for earlier in replaced_by(payout))",
                "for earlier in replaced_by(payout)[:1])",
            ),
        ),
        f"{PAYOUT_SOURCE}::test_so_does_the_successor_of_one_that_was_decided_against",
    ),
)  # fmt: skip
