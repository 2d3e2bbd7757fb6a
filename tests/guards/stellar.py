"""Stellar's envelopes: signed once, committed before they are sent, believed absent only with proof."""

from tests.guards.guard import Edit, Guard

ENVELOPES = "transfers/drivers/stellar_envelopes.py"
PAYING = "tests/transfers/test_stellar_pay.py"

GUARDS = (
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
        "tests/transfers/test_stellar_proof.py::TestTheDatabaseHolds::test_one_live_envelope_for_a_number",
    ),
    Guard(
        "an absence needs a ledger after the deadline",
        (
            Edit(
                ENVELOPES,
                "    return state.closed_at > latest",
                "    return latest > 0",
            ),
        ),
        "tests/transfers/test_stellar_proof.py::TestAbsenceIsNotProven::test_within_the_margin",
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
        "tests/transfers/test_stellar_proof.py::TestClosedByPeopleTooEarly"
        "::test_if_a_ledger_takes_it_after_all_nothing_more_is_sent",
    ),
    Guard(
        "a last look where the channel's number was used by none of ours",
        (
            Edit(
                "transfers/drivers/stellar.py",
                "    unpaid = without_paid(members, ledger.channel, actor)\n",
                "    unpaid = members\n",
            ),
        ),
        f"{PAYING}::test_a_proof_by_a_horizon_far_behind_pays_nothing_twice",
    ),
    Guard(
        "Stellar: a successor asks for what it replaces",
        (
            Edit(
                "transfers/drivers/stellar_second_look.py",
                " and not _replaces_paid(member, actor)",
                "",
            ),
        ),
        f"{PAYING}::test_a_successor_asks_for_what_was_signed_for_the_debt_that_it_replaces",
    ),
    Guard(
        "an absence is proven only by the network it was signed for",
        (
            Edit(
                ENVELOPES,
                "    return envelope.network_passphrase != horizon_rail().network_passphrase",
                "    return False",
            ),
        ),
        f"{PAYING}::test_another_network_proves_nothing_about_what_was_signed",
    ),
    Guard(
        "a person who asks is not told what another network holds",
        (
            Edit(
                "transfers/drivers/stellar.py",
                "        if payment.envelope.network_passphrase != horizon_rail().network_passphrase:",
                "        if False:",
            ),
        ),
        f"{PAYING}::test_another_network_proves_nothing_about_what_was_signed",
    ),
    Guard(
        "a paused rail: nothing is signed",
        (
            Edit(
                "transfers/drivers/stellar_sign.py",
                '            AND NOT {paused_condition("held.rail")} AND NOT EXISTS (',
                "            AND NOT EXISTS (",
            ),
        ),
        "tests/transfers/test_pause_rail.py::TestStellar::test_paused_a_moment_before_it_is_signed",
    ),
    Guard(
        "a paused rail: what was signed is not sent",
        (Edit(ENVELOPES, """ AND NOT {paused_condition(f"'{RAIL}'")}""", ""),),
        "tests/transfers/test_pause_rail.py::TestStellar"
        "::test_paused_between_signing_and_sending_it_is_not_sent",
    ),
    Guard(
        "a transaction that contradicts its own result is not read",
        (Edit("rails/horizon.py", ' or successful != (code == "tx_success")', ""),),
        "tests/rails/test_horizon.py::test_a_transaction_that_contradicts_its_own_result_is_unreadable",
    ),
)  # fmt: skip
