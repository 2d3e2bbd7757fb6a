"""The guard compares literal columns of the row itself; a compiled subquery is refused (222 of 300 races lost)."""

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from guard.statement import (
    PASSED,
    Append,
    Increment,
    SecondsFromNow,
    UnsafeGuard,
    column_of,
    refuse_subquery,
    update_statement,
)
from transfers.models import Transfer, TransferAttempt

pytestmark = pytest.mark.django_db


def compiled(rows: "QuerySet[Transfer]") -> str:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        rows.update(outcome_unknown=False)
    return str(queries[-1]["sql"])


def test_djangos_own_guard_on_literal_columns_is_accepted() -> None:
    sql = compiled(Transfer.objects.filter(pk=1, status="pending", version=3))
    # Django qualifies its columns; the door writes its own text without the table's name.
    refuse_subquery(sql.replace('"transfers_transfer"."', '"'))


def test_one_joined_condition_moves_the_status_into_a_subquery() -> None:
    sql = compiled(Transfer.objects.filter(pk=1, status="pending", attempts__number=1))
    assert "SELECT" in sql, "Django has changed: look at the guard again"
    with pytest.raises(UnsafeGuard):
        refuse_subquery(sql)


def test_pk_in_a_queryset_is_refused() -> None:
    picked = Transfer.objects.filter(status="pending")
    with pytest.raises(UnsafeGuard):
        refuse_subquery(compiled(Transfer.objects.filter(pk__in=picked)))


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE "t" SET "status" = %s WHERE "id" = %s',
        'UPDATE "t" SET "status" = %s',
        'UPDATE "t" SET "status" = %s FROM "u" WHERE "id" = %s AND "status" = %s',
        'UPDATE "t" SET "status" = %s WHERE "id" = (SELECT 1) AND "status" = %s',
        'update "t" set "status" = %s where "status" = %s and exists (select 1)',
    ],
)
def test_a_guard_without_its_status_or_with_another_table_is_refused(sql: str) -> None:
    with pytest.raises(UnsafeGuard):
        refuse_subquery(sql)


def test_the_doors_statement() -> None:
    sql, params = update_statement(
        Transfer,
        7,
        {"status": "processing", "fence": Increment(), "due_at": SecondsFromNow(4)},
        {"status": "pending", "version": 3, "due_at": PASSED, "supersedes": None},
    )
    assert sql == (
        'UPDATE "transfers_transfer" SET "status" = %s::text, "fence" = "transfers_transfer"."fence" + 1, '
        '"due_at" = clock_timestamp() + make_interval(secs => %s::float8), '
        '"version" = "transfers_transfer"."version" + 1, '
        '"updated_at" = clock_timestamp() + make_interval(secs => %s::float8) '
        'WHERE "id" = %s::bigint AND "status" = %s::text AND "version" = %s::integer '
        'AND "due_at" <= clock_timestamp() AND "supersedes_id" IS NULL'
    )
    assert params == ["processing", 4, 0, 7, "pending", 3]


def test_a_value_that_looks_like_sql_stays_a_parameter() -> None:
    sql, params = update_statement(
        Transfer, 7, {"failure_message": "'; SELECT 1 --"}, {"status": "pending"}
    )
    assert "SELECT" not in sql
    assert "'; SELECT 1 --" in params


@pytest.mark.parametrize("name", ["attempts", "attempts__number", "pk", "nothing"])
def test_only_columns_of_the_row_itself_can_be_conditions(name: str) -> None:
    with pytest.raises((UnsafeGuard, FieldDoesNotExist)):
        update_statement(Transfer, 1, {"status": "pending"}, {"status": "failed", name: 1})


def test_columns_and_casts() -> None:
    assert column_of(Transfer, "status") == ('"status"', "text")
    assert column_of(Transfer, "supersedes") == ('"supersedes_id"', "bigint")
    assert column_of(TransferAttempt, "evidence") == ('"evidence"', "jsonb")
    sql, _ = update_statement(Transfer, 1, {"reversed_minor": 5}, {"status": "success"})
    assert '"reversed_minor" = %s::bigint' in sql
    assert Append({"a": 1}).item == {"a": 1}
