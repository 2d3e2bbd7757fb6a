"""What an attacker would ask for: rows deleted, bodies read in two ways, filters and formulas of their own."""

from tests.guards.guard import Edit, Guard

NEVER = "RAISE EXCEPTION '% %: what is known of money is never deleted'"
NEVER_EMPTIED = "RAISE EXCEPTION '%: what is known of money is never deleted, TRUNCATE refused'"

GUARDS = (
    Guard(
        "deletion: no table of money loses a row",
        (
            Edit(
                "transfers/migrations/0011_money_is_never_deleted.py",
                NEVER,
                f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; {NEVER}",
                times=7,
            ),
        ),
        "tests/attacks/test_deletion.py::test_neither_sql_nor_a_queryset_deletes_a_row",
    ),
    Guard(
        "deletion: no table of money is emptied",
        (
            Edit(
                "payouts/migrations/0007_money_is_never_deleted.py",
                NEVER_EMPTIED,
                f"IF TG_OP = 'TRUNCATE' THEN RETURN NULL; END IF; {NEVER_EMPTIED}",
                times=8,
            ),
        ),
        "tests/attacks/test_deletion.py::test_sql_truncate_is_refused_alone_and_by_cascade",
    ),
    Guard(
        "deletion: the triggers of every table",
        (
            Edit(
                "transfers/migrations/0013_switches_stay.py",
                "operation='DELETE'",
                "operation='UPDATE'",
                times=2,
            ),
        ),
        "tests/attacks/test_deletion.py::test_every_money_table_refuses",
    ),
    Guard(
        "input: a member that is there twice",
        (Edit("api/parsers.py", "    if len(members) != len(pairs):", "    if len(members) > len(pairs):"),),
        "tests/attacks/test_inputs.py::test_json_that_two_parsers_read_differently",
    ),
    Guard(
        "input: a list's own filters and no others",
        (
            Edit(
                "transfers/admin/governed.py",
                '        return "__" not in lookup or lookup in own',
                '        return bool(lookup) or lookup in own',
            ),
        ),
        "tests/attacks/test_inputs.py::test_no_filter_of_the_console_reaches_another_table",
    ),
    Guard(
        "output: no cell of an export begins a formula",
        (
            Edit(
                "transfers/console/export.py",
                '    return f"\'{text}" if _begins_formula(text) else text',
                "    return text",
            ),
        ),
        "tests/attacks/test_exports.py::test_no_cell_of_any_export_begins_a_formula",
    ),
)  # fmt: skip
