"""What came in pays once, and no more goes back than came in."""

from tests.guards.guard import Edit, Guard

CHECKOUT_0001 = "checkout/migrations/0001_initial.py"

GUARDS = (
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
)  # fmt: skip
