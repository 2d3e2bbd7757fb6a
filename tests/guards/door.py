"""The one door for a status, and the same table in the database."""

from tests.guards.guard import Edit, Guard

TRANSFERS_0001 = "transfers/migrations/0001_initial.py"

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
)  # fmt: skip
