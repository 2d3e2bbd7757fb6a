"""The same table in the database, so that no shell, bulk update or admin form can go around the door."""

import pgtrigger
from django.apps import apps
from django.db import models

from guard.subject import subject_type
from guard.table import transition_table


class OnlyDeclaredSteps(pgtrigger.Trigger):
    """Refuses every status change that the model does not declare.

    The function is generated from the FSM declarations, so `makemigrations --check` fails when the two drift apart.
    A declared step made outside the door (it forgets to raise `version`) gets its version and an audit entry here:
    nothing moves without a trace.
    """

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("OLD.status IS DISTINCT FROM NEW.status")

    def get_func(self, model: type[models.Model]) -> str:  # type: ignore[override]
        """PL/pgSQL body for `model`."""
        # Migrations hand in a bare copy of the model, without its declarations.
        declared: type[models.Model] = apps.get_model(model._meta.label)
        table = transition_table(declared)
        pairs = ", ".join(f"('{old}', '{new}')" for old, new in table.pairs())
        noun = subject_type(declared)
        return f"""
            IF (OLD.status, NEW.status) NOT IN ({pairs}) THEN
                RAISE EXCEPTION '{noun} %: the step from % to % does not exist', OLD.id, OLD.status, NEW.status
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{noun}_status_follows_its_table';
            END IF;
            IF NEW.version = OLD.version THEN
                NEW.version := OLD.version + 1;
                INSERT INTO audit_entry (subject, action, outcome, prior_status, new_status, actor_kind,
                        actor_name, reason, request_id, snapshot, seq, prev_hash, entry_hash)
                    VALUES ('{noun}:' || OLD.id, '{noun}.' || NEW.status, 'won', OLD.status, NEW.status,
                        'command', 'sql:' || session_user, 'changed in the database, not through the door',
                        '', '{{}}', 0, '', '');
            END IF;
            RETURN NEW;
        """


class NeverDeleted(pgtrigger.Trigger):
    """Refuses to delete a row of a table that tells of money, whoever asks: a view, a queryset, a shell."""

    when = pgtrigger.Before
    operation = pgtrigger.Delete
    func = """
        RAISE EXCEPTION '% %: what is known of money is never deleted', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'money_is_never_deleted';
    """


class NeverEmptied(pgtrigger.Trigger):
    """Refuses TRUNCATE, which no trigger of a row would see; also by CASCADE from another table."""

    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Truncate
    func = """
        RAISE EXCEPTION '%: what is known of money is never deleted, TRUNCATE refused', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'money_is_never_deleted';
    """
