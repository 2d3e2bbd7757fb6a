"""After a restore the books are older than the rail's: nothing leaves until both were compared and found equal."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from access.policy import assign_role
from access.roles import Role
from tests.conftest import truncate_triggers
from tests.factories import ALICE
from tests.sandbox_horizon import SandboxHorizon
from tests.sandbox_process import SandboxProcess
from tests.sandbox_wise import SandboxWise
from tests.transfers.stellar_steps import Recipients
from tests.transfers.stellar_steps import work_until_known as stellar_work_until_known
from tests.transfers.steps import enqueue, enqueue_one, moved, work, work_when_due
from tests.transfers.wise_steps import PayoutSource, payout, work_until_known
from transfers.models import Finding, RailComparison, RailSwitch, Transfer
from transfers.selectors import get_transfer
from transfers.services.resolve_finding import resolve_finding
from transfers.services.retry_transfer import retry_transfer
from transfers.sweep import sweep_once

pytestmark = pytest.mark.django_db(transaction=True)

Backup = Callable[[], None]


@pytest.fixture
def boss() -> User:
    user = User.objects.create(username="boss")
    assign_role(user, Role.SUPER_ADMIN)
    return user


def run(command: str, *arguments: str, **options: Any) -> str:
    """What the command said."""
    said = StringIO()
    call_command(command, *arguments, actor="boss", stdout=said, **options)
    return said.getvalue()


def back_up() -> Backup:
    """Every row of every table as it is now; call the answer to restore exactly those, as pg_restore would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
            "JOIN information_schema.tables USING (table_schema, table_name) "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' "
            "AND table_name <> 'django_migrations' GROUP BY table_name"
        )
        columns: dict[str, str] = dict(cursor.fetchall())
        cursor.execute("DROP SCHEMA IF EXISTS backup CASCADE")
        cursor.execute("CREATE SCHEMA backup")
        for table in columns:
            cursor.execute(f'CREATE TABLE backup."{table}" AS TABLE public."{table}"')

    def restore() -> None:
        with connection.cursor() as cursor:
            # As pg_restore --disable-triggers: the rows come back as they were, without any trigger's opinion.
            for table in columns:
                cursor.execute(f'ALTER TABLE public."{table}" DISABLE TRIGGER USER')
            with transaction.atomic():
                every = ", ".join(f'public."{table}"' for table in columns)
                cursor.execute(f"TRUNCATE {every}")
                for table, names in columns.items():
                    cursor.execute(
                        f'INSERT INTO public."{table}" ({names}) OVERRIDING SYSTEM VALUE '
                        f'SELECT {names} FROM backup."{table}"'
                    )
            for table in columns:
                cursor.execute(f'ALTER TABLE public."{table}" ENABLE TRIGGER USER')
            for table, trigger in truncate_triggers():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            cursor.execute("DROP SCHEMA backup CASCADE")

    return restore


def test_a_crew_that_was_half_paid_at_the_backup(sandbox: SandboxProcess, boss: User) -> None:
    """One paid before it; after it: one paid, one retried and paid, a whole booking made and paid; two still owed."""
    booking, (before, after, failing, owed, lost) = enqueue(
        "acct_1a", "acct_1b", "acct_no_transfers_1", "acct_1d", "acct_lost_answer_1"
    )
    assert work(before).status == "success"
    assert work(failing).status == "failed"
    lost = work(lost)
    assert lost.outcome_unknown
    restore = back_up()
    assert work(after).status == "success"
    sandbox.cure("acct_no_transfers_1")
    retry_transfer(transfer_id=failing.pk, actor=ALICE)
    assert work(failing).status == "success"
    assert work_when_due(lost).status == "success"
    made_later = enqueue_one("acct_1z")
    assert work(made_later).status == "success"
    assert moved(sandbox) == 5

    restore()
    assert get_transfer(after.pk).status == "pending"
    assert get_transfer(failing.pk).status == "failed"
    assert not Transfer.objects.filter(source_reference=made_later.source_reference).exists()
    run("freeze_dispatch", reason="restored from a backup")
    sweep_once()
    assert moved(sandbox) == 5

    with pytest.raises(CommandError, match="Nothing was compared"):
        run("unfreeze_dispatch", reason="in a hurry")
    for _ in range(2):
        assert "Not clean" in run("compare_with_rail")
    assert get_transfer(lost.pk).status == "success"
    found = {(one.subject.split(":")[0], one.kind) for one in Finding.objects.all()}
    assert found == {
        ("transfer", "moved_although_not_processing"),
        ("stripe", "movement_unknown_here"),
    }
    assert Finding.objects.count() == 3
    # Asking again raises nothing twice; what is decided stays decided.
    with pytest.raises(CommandError, match="Findings are open"):
        run("unfreeze_dispatch", reason="in a hurry")
    for transfer in (after, failing):
        assert "is paid by" in run("adopt_movement", str(transfer.pk), reason="the rail says so")
        with pytest.raises(CommandError, match="conflict"):
            run("adopt_movement", str(transfer.pk), reason="twice")
    (unknown,) = Finding.objects.filter(state="open")
    assert unknown.evidence["metadata"]["source"] == f"booking:{made_later.source_reference}"
    resolve_finding(finding_id=unknown.pk, resolution="fixed_here", note="made again", actor=ALICE)
    assert "Clean" in run("compare_with_rail")
    run("unfreeze_dispatch", reason="equal again")
    assert RailSwitch.objects.get().status == "open"
    sweep_once()
    booking.refresh_from_db()
    assert booking.is_paid
    # Only the one that was owed all along has left since.
    assert get_transfer(owed.pk).status == "success"
    assert moved(sandbox) == 6


def test_a_debt_that_still_contradicts_the_rail_is_found_again(
    sandbox: SandboxProcess, boss: User
) -> None:
    """Resolving the finding with a note alone does not let it leave a second time."""
    transfer = enqueue_one()
    restore = back_up()
    assert work(transfer).status == "success"
    restore()
    run("freeze_dispatch", reason="restored")
    run("compare_with_rail")
    finding = Finding.objects.get()
    resolve_finding(finding_id=finding.pk, resolution="false_alarm", note="?", actor=ALICE)
    assert "Not clean" in run("compare_with_rail")
    with pytest.raises(CommandError, match="Findings are open"):
        run("unfreeze_dispatch", reason="in a hurry")


def test_a_rail_that_does_not_answer_leaves_it_unfinished(
    sandbox: SandboxProcess, boss: User
) -> None:
    run("freeze_dispatch", reason="restored")
    sandbox.set_fault("drop_before", method="GET")
    with pytest.raises(CommandError, match="unavailable"):
        run("compare_with_rail")
    assert RailComparison.objects.get().finished_at is None
    with pytest.raises(CommandError, match="Nothing was compared"):
        run("unfreeze_dispatch", reason="in a hurry")
    run("compare_with_rail")
    run("unfreeze_dispatch", reason="equal")
    with pytest.raises(CommandError, match="not frozen"):
        run("unfreeze_dispatch", reason="again")


def test_nothing_is_adopted_while_payments_leave(sandbox: SandboxProcess, boss: User) -> None:
    transfer = enqueue_one()
    with pytest.raises(CommandError, match="frozen"):
        run("adopt_movement", str(transfer.pk), reason="x")
    run("freeze_dispatch", reason="restored")
    with pytest.raises(CommandError, match="0 movements"):
        run("adopt_movement", str(transfer.pk), reason="x")
    assert get_transfer(transfer.pk).status == "pending"


def test_what_wise_paid_after_the_backup_is_found(
    wise: SandboxWise, payouts: PayoutSource, boss: User
) -> None:
    transfer = payout()
    restore = back_up()
    assert work_until_known(transfer).status == "success"
    restore()
    run("freeze_dispatch", reason="restored")
    assert "Not clean" in run("compare_with_rail")
    assert Finding.objects.get().kind in ("moved_although_not_processing", "movement_unknown_here")


def test_what_the_treasury_paid_after_the_backup_is_found(
    stellar: SandboxHorizon, recipients: Recipients, boss: User
) -> None:
    transfer = recipients.payout(stellar.address("payee 1"))
    restore = back_up()
    assert stellar_work_until_known(stellar, transfer).status == "success"
    restore()
    run("freeze_dispatch", reason="restored")
    assert "Not clean" in run("compare_with_rail")
    finding = Finding.objects.get()
    assert finding.kind == "movement_unknown_here"
    assert finding.evidence["metadata"]["to"] == stellar.address("payee 1")
