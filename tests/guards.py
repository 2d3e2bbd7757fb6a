"""`python -m tests.guards` (`./dev test-guards`): remove each safeguard in turn and see a named test fail.

Each one is removed by replacing exact text in a temporary copy of the repository; a text that is gone is an error,
so that this list cannot quietly stop proving anything. A safeguard whose removal no test notices fails the run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
TRANSFERS_0001 = "transfers/migrations/0001_initial.py"
AUDIT_0001 = "audit/migrations/0001_initial.py"
PAYOUTS_0001 = "payouts/migrations/0001_initial.py"
PAYOUTS_0003 = "payouts/migrations/0003_commissions.py"
CHECKOUT_0001 = "checkout/migrations/0001_initial.py"
APPROVE = "payouts/services/approve_payout.py"
PAYOUT_RACES = "tests/payouts/test_races.py"
PAYOUT_RULES = "tests/payouts/test_rules.py"
RECORD = "transfers/services/record_answer.py"
WORK = "transfers/services/work_transfer.py"
STRIPE = "transfers/drivers/stripe.py"
RETRY = "transfers/services/retry_transfer.py"
WORKING = "tests/transfers/test_work_transfer.py"


@dataclass(frozen=True)
class Edit:
    """`old` must be there exactly `times` times; each is replaced."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True)
class Guard:
    """A safeguard, how it is removed, and the test that must then fail."""

    name: str
    edits: tuple[Edit, ...]
    test: str

    @property
    def changes_schema(self) -> bool:
        """Does the test database have to be made anew for it?"""
        return any("/migrations/" in edit.file for edit in self.edits)


GUARDS = (
    Guard(
        "status condition in the guard",
        (
            Edit("guard/door.py", '        "status": believed,\n', ""),
            # The assertion on the compiled SQL would notice by itself; it goes as well.
            Edit("guard/statement.py", ' or \'"status" = \' not in where', ""),
        ),
        "tests/guard/test_races.py::test_one_winner_in_each_of_200_rounds_of_8",
    ),
    Guard(
        "version condition in the guard",
        (
            Edit(
                "guard/door.py",
                '        "status": believed,\n'
                '        **({} if version is None else {"version": version}),\n',
                '        "status": believed,\n',
            ),
        ),
        "tests/guard/test_door.py::test_a_stale_version_conflicts_although_the_status_is_as_believed",
    ),
    Guard(
        "refusal of a guard in a subquery",
        (
            Edit(
                "guard/statement.py",
                'if "select" in words or "from" in words or "join" in words or ',
                "if ",
            ),
        ),
        "tests/guard/test_statement.py::test_one_joined_condition_moves_the_status_into_a_subquery",
    ),
    Guard(
        "table of steps in the database",
        (
            Edit(
                TRANSFERS_0001,
                "IF (OLD.status, NEW.status) NOT IN (('cancelled'",
                "IF false AND (OLD.status, NEW.status) NOT IN (('cancelled'",
            ),
        ),
        "tests/guard/test_table.py::test_every_cell_by_direct_sql",
    ),
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
        (Edit(TRANSFERS_0001, "IF (OLD.transfer_id, OLD.number", "IF false AND (OLD.transfer_id, OLD.number"),),
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
        f"{WORKING}::TestUnknown::test_a_decline_does_not_hide_a_movement_that_the_first_look_missed",
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
        f"{WORKING}::TestUnknown::test_a_key_that_stripe_forgot_is_not_used_again_after_a_payment",
    ),
    Guard(
        "a spent key is not sent again",
        (Edit("transfers/policy.py", "return not attempt.spent and now -", "return now -"),),
        f"{WORKING}::TestUnknown::test_a_spent_key_is_not_sent_again",
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
        f"{WORKING}::TestUnknown::test_after_the_resend_window_nothing_is_sent_and_nothing_fails_by_itself",
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
        "promise of a webhook in the transaction of the fact",
        (Edit("transfers/migrations/0005_promises.py", "kind = ANY (events)) THEN", "false) THEN"),),
        "tests/webhooks/test_promise.py::TestTransfers::test_sql_cannot_go_around_it",
    ),
    Guard(
        "a webhook's name is judged by what it resolves to",
        (
            Edit(
                "webhooks/addresses.py",
                "    if not addresses or not (is_private_host(host) or all(map(is_public, addresses))):",
                "    if not addresses:",
            ),
        ),
        "tests/webhooks/test_addresses.py::test_a_name_that_leads_to_one_of_ours",
    ),
    Guard(
        "a webhook goes to the address that was judged",
        (Edit("webhooks/wire.py", "connect_tcp(address, port, seconds)", "connect_tcp(host, port, seconds)"),),
        "tests/webhooks/test_addresses.py::test_the_connection_goes_to_the_address_that_was_judged",
    ),
    Guard(
        "fence when a webhook's answer is recorded",
        (Edit("webhooks/deliver.py", " AND fence = %(fence)s AND", " AND"),),
        "tests/webhooks/test_deliver.py::TestTwoWorkers::test_a_late_failure_changes_nothing_for_whoever_took_over",
    ),
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
        "unique index one_fundable_movement_per_debt",
        (
            Edit(
                "transfers/migrations/0004_wise_rail.py",
                "fields=('transfer',), name='one_fundable_movement_per_debt'",
                "fields=('transfer', 'number'), name='one_fundable_movement_per_debt'",
            ),
        ),
        "tests/transfers/test_wise_pay.py::test_the_database_allows_one_fundable_transfer_a_debt",
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
        "tests/transfers/test_wise_pay.py::test_a_worker_that_dies_in_the_funding_leaves_it_unknown",
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
        "the envelope's commit before it is sent",
        (
            Edit(
                "transfers/drivers/stellar.py",
                "def _sign_and_send(",
                "@transaction.atomic\ndef _sign_and_send(",
            ),
            Edit(
                "transfers/drivers/stellar.py",
                "from django.db import IntegrityError\n",
                "from django.db import IntegrityError, transaction\n",
            ),
            Edit("transfers/pace.py", "    connection.close()\n", ""),
        ),
        "tests/transfers/test_stellar_pay.py::test_everything_is_committed_before_the_post",
    ),
    Guard(
        "unique index of a live sequence number",
        (
            Edit(
                "transfers/migrations/0008_stellar_envelopes.py",
                "fields=('network_passphrase', 'source', 'sequence'), name=",
                "fields=('network_passphrase', 'source', 'hash'), name=",
            ),
        ),
        "tests/transfers/test_stellar_pay.py::TestTheDatabaseHolds::test_one_live_envelope_for_a_number",
    ),
    Guard(
        "an absence needs a ledger after the deadline",
        (
            Edit(
                "transfers/drivers/stellar_envelopes.py",
                "    return state.closed_at > latest",
                "    return latest > 0",
            ),
        ),
        "tests/transfers/test_stellar_pay.py::TestAbsenceIsNotProven::test_within_the_margin",
    ),
    Guard(
        "nothing is signed while an earlier envelope may live",
        (
            Edit(
                "transfers/drivers/stellar.py",
                "    if leader is None or not _is_free_of_earlier(claim, actor):",
                "    if leader is None:",
            ),
            Edit(
                "transfers/drivers/stellar_sign.py",
                "envelope.state NOT IN ('expired', 'applied_failed')",
                "envelope.state = 'none'",
            ),
        ),
        "tests/transfers/test_stellar_pay.py::TestClosedByPeopleTooEarly"
        "::test_if_a_ledger_takes_it_after_all_nothing_more_is_sent",
    ),
    Guard(
        "checkout: one receipt for an operation",
        (
            Edit(
                CHECKOUT_0001,
                "fields=('tx_hash', 'operation_index'), name='one_receipt_per_operation'",
                "fields=('tx_hash', 'operation_index', 'id'), name='one_receipt_per_operation'",
            ),
        ),
        "tests/checkout/test_processing.py::TestTheDatabaseItself::test_one_receipt_for_an_operation",
    ),
    Guard(
        "checkout: lock of the session's row, and SERIALIZABLE",
        (
            Edit(
                "checkout/services/process_operation.py",
                "WHERE session.address = %s::bigint FOR UPDATE",
                "WHERE session.address = %s::bigint",
            ),
            Edit(
                "guard/serializable.py",
                "native.isolation_level = IsolationLevel.SERIALIZABLE",
                "native.isolation_level = IsolationLevel.READ_COMMITTED",
            ),
        ),
        "tests/checkout/test_races.py::test_two_payments_and_the_same_hash_three_times_at_once",
    ),
    Guard(
        "checkout: no more is held than came in",
        (
            Edit(
                CHECKOUT_0001,
                "('held_minor__lte', models.F('amount_minor'))",
                "('held_minor__gte', 0)",
            ),
        ),
        "tests/checkout/test_processing.py::TestTheDatabaseItself::test_no_more_is_held_than_came_in",
    ),
    Guard(
        "checkout: payments fit what the session asks for",
        (Edit(CHECKOUT_0001, "IF paid + NEW.amount_minor > asked THEN", "IF false THEN"),),
        "tests/checkout/test_processing.py::TestTheDatabaseItself::test_never_more_than_what_is_asked",
    ),
    Guard(
        "checkout: a failed refund frees what it held, once",
        (Edit("checkout/source.py", "        release(refund.holds.all())\n", "        pass\n"),),
        "tests/checkout/test_refunds.py::test_an_account_that_cannot_take_it_back_fails_it_before_anything_is_signed",
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
        "audit log refuses UPDATE and DELETE",
        (
            Edit(
                AUDIT_0001,
                "RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;",
                "RETURN COALESCE(NEW, OLD);",
                times=2,
            ),
        ),
        "tests/audit/test_append_only.py::test_direct_sql_is_refused",
    ),
    Guard(
        "audit log refuses TRUNCATE",
        (
            Edit(
                AUDIT_0001,
                "RAISE EXCEPTION '% is append-only: TRUNCATE refused', TG_TABLE_NAME;",
                "RETURN NULL;",
                times=2,
            ),
        ),
        "tests/audit/test_append_only.py::test_truncate_is_refused",
    ),
    Guard(
        "seals",
        (
            Edit("audit/chain.py", "        if len(leaves) != count:", "        if leaves is None:"),
            Edit(
                "audit/chain.py",
                "        elif merkle_root([bytes(prev_root), *leaves]) != bytes(root):",
                "        elif leaves is None:",
            ),
        ),
        "tests/audit/test_tampering.py::TestAfterASeal",
    ),
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
)  # fmt: skip


class TextIsGone(Exception):
    """A safeguard's text is not where this file says: update it, so that it proves something again."""


def apply(edits: tuple[Edit, ...], folder: Path) -> None:
    """Edit the files below `folder`. Raises TextIsGone."""
    for edit in edits:
        path = folder / edit.file
        text = path.read_text()
        found = text.count(edit.old)
        if found != edit.times:
            raise TextIsGone(f"{edit.file}: {found} instead of {edit.times} times {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new))


def copy_of_the_repository(folder: Path) -> None:
    """All that the tests need: code and tests, nothing that a run left behind."""
    leave = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.lock", "docs")
    shutil.copytree(ROOT, folder, ignore=leave, dirs_exist_ok=True)


def run_test(test: str, folder: Path, *, database: str, reuse: bool) -> tuple[int, str]:
    """Pytest's exit code (0 passed, 1 failed, else it did not run) and what it said."""
    # A run of pytest around this one must not reach into it.
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = mine | {
        "DATABASE_URL": _database_url(database),
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command += ["--reuse-db" if reuse else "--create-db", *test.split()]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    return done.returncode, (done.stderr[-1_000:] + done.stdout[-2_000:]).rstrip()


def _database_url(name: str) -> str:
    url, _, options = os.environ["DATABASE_URL"].partition("?")
    server, _, mine = url.rpartition("/")
    return f"{server}/{mine}_{name}" + (f"?{options}" if options else "")


def prove(guard: Guard) -> tuple[bool, str]:
    """Whether the named test notices that `guard` is gone, and how the run went."""
    with tempfile.TemporaryDirectory(prefix="guards-") as name:
        folder = Path(name)
        copy_of_the_repository(folder)
        apply(guard.edits, folder)
        own = guard.changes_schema
        database = f"guard_{os.getpid()}" if own else f"guards_{os.getpid()}"
        code, said = run_test(guard.test, folder, database=database, reuse=not own)
    # An error outside of the test itself proves nothing.
    if code == 1 and " failed" in said.splitlines()[-1]:
        return True, "noticed"
    return False, "NOT NOTICED" if code == 0 else f"did not run (pytest: {code})\n{said}"


def drop_databases() -> None:
    """The test databases that were kept between the runs."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        mine = f"test_%_guards\\_{os.getpid()}"
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        for (name,) in connection.execute(query, [mine]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def main() -> int:
    """Exit status 1 if a removal goes unnoticed, or if a named test fails with every safeguard in place."""
    parser = argparse.ArgumentParser(prog="./dev test-guards", description=__doc__)
    parser.add_argument("only", nargs="*", help="words of the names of the safeguards to try")
    words = parser.parse_args().only
    chosen = [guard for guard in GUARDS if all(word in guard.name for word in words)]
    say = sys.stdout.write
    say(f"{len(chosen)} safeguards; first their tests with all of them in place\n")
    tests = " ".join(dict.fromkeys(guard.test for guard in chosen))
    try:
        code, said = run_test(tests, ROOT, database=f"guards_{os.getpid()}", reuse=True)
        if code:
            say(f"They do not pass as it is:\n{said}\n")
            return 1
        return prove_all(chosen)
    finally:
        drop_databases()


def prove_all(chosen: list[Guard]) -> int:
    """Try each and print a line for it; 1 if a removal went unnoticed."""
    say = sys.stdout.write
    unnoticed = 0
    for guard in chosen:
        began = time.monotonic()
        noticed, how = prove(guard)
        unnoticed += not noticed
        say(f"{guard.name:<62} {how:<12} {time.monotonic() - began:5.1f} s  {guard.test}\n")
        sys.stdout.flush()
    say(f"{len(chosen) - unnoticed} of {len(chosen)} removals were noticed\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
