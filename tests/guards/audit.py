"""The audit log, its chain and its seals."""

from tests.guards.guard import Edit, Guard

AUDIT_0001 = "audit/migrations/0001_initial.py"

GUARDS = (
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
)  # fmt: skip
