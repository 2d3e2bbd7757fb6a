"""Webhooks out: promised with the fact, sent to the address that was judged."""

from tests.guards.guard import Edit, Guard

GUARDS = (
    Guard(
        "promise of a webhook in the transaction of the fact",
        (
            Edit(
                "transfers/migrations/0010_amounts_of_bare_assets.py",
                "kind = ANY (events)) THEN",
                "false) THEN",
            ),
        ),
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
        "tests/webhooks/test_deliver_workers.py::TestTwoWorkers::test_a_late_failure_changes_nothing_for_whoever_took_over",
    ),
)  # fmt: skip
