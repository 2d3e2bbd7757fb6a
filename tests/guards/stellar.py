"""Stellar's envelopes: signed once, committed before they are sent, believed absent only with proof."""

from tests.guards.guard import Edit, Guard

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
                "transfers/drivers/stellar_envelopes.py",
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
)  # fmt: skip
