"""A status in memory changes only by reading the row again, and many threads may do that at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from guard.door import change_status
from tests.factories import ALICE
from tests.guard.rows import transfer_in
from transfers.models import Transfer


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_read_again_at_once() -> None:
    pks = [transfer_in("pending").pk for _ in range(16)]
    barrier = threading.Barrier(16, timeout=20)

    def run(pk: int) -> None:
        try:
            row = Transfer.objects.get(pk=pk)
            barrier.wait()
            for _ in range(30):
                row.refresh_from_db()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(run, pk) for pk in pks]:
            done.result()


@pytest.mark.django_db
class TestOneObject:
    """What reading again gives, and that nothing else writes a status."""

    def test_the_new_status(self) -> None:
        row = transfer_in("pending")
        row.attempts.create(number=1, idempotency_key="k", request={})
        cached = Transfer.objects.prefetch_related("attempts").get(pk=row.pk)
        change_status(Transfer, row.pk, believed="pending", to="processing", actor=ALICE)
        row.attempts.update(send_count=2)
        cached.refresh_from_db()
        assert (cached.status, cached.version) == ("processing", 2)
        assert cached.attempts.all()[0].send_count == 2

    def test_some_columns_only(self) -> None:
        row = transfer_in("pending")
        change_status(Transfer, row.pk, believed="pending", to="processing", actor=ALICE)
        row.refresh_from_db(fields=["version"])
        assert (row.status, row.version) == ("pending", 2)
        row.refresh_from_db(fields=["status"])
        assert row.status == "processing"

    def test_a_deferred_status_is_loaded_when_asked_for(self) -> None:
        pk = transfer_in("failed").pk
        row = Transfer.objects.only("version").get(pk=pk)
        row.refresh_from_db()
        assert row.get_deferred_fields() >= {"status"}
        assert row.status == "failed"

    def test_a_row_that_is_gone_leaves_the_object_as_it_was(self) -> None:
        row = transfer_in("pending")
        row.pk = 404
        with pytest.raises(Transfer.DoesNotExist):
            row.refresh_from_db()
        assert row.status == "pending"

    def test_nobody_assigns_a_status(self) -> None:
        row = transfer_in("pending")
        row.refresh_from_db()
        with pytest.raises(AttributeError):
            row.status = "success"
