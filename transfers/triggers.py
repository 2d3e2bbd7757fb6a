"""What the database itself enforces and keeps about transfers."""

import pgtrigger


class DebtIsFixed(pgtrigger.Trigger):
    """Whom we owe, how much and why never changes, and a debt is never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'transfer %: a debt is never deleted', OLD.id;
        END IF;
        IF (OLD.debt_key, OLD.source_type, OLD.source_id, OLD.user_id, OLD.amount_minor, OLD.currency, OLD.rail)
            IS DISTINCT FROM
           (NEW.debt_key, NEW.source_type, NEW.source_id, NEW.user_id, NEW.amount_minor, NEW.currency, NEW.rail)
        THEN
            RAISE EXCEPTION 'transfer %: the debt itself never changes', OLD.id;
        END IF;
        RETURN NEW;
    """


class AttemptIsFixed(pgtrigger.Trigger):
    """The key and the request of an attempt never change, a known outcome is final, and attempts are never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'attempt %: an attempt is never deleted', OLD.id;
        END IF;
        IF (OLD.transfer_id, OLD.number, OLD.idempotency_key, OLD.request, OLD.first_sent_at) IS DISTINCT FROM
           (NEW.transfer_id, NEW.number, NEW.idempotency_key, NEW.request, NEW.first_sent_at) THEN
            RAISE EXCEPTION 'attempt %: its key and request never change', OLD.id;
        END IF;
        IF OLD.funding_reference <> '' AND OLD.funding_reference <> NEW.funding_reference THEN
            RAISE EXCEPTION 'attempt %: what it may fund never changes', OLD.id;
        END IF;
        IF OLD.outcome IN ('succeeded', 'failed') AND OLD.outcome <> NEW.outcome THEN
            RAISE EXCEPTION 'attempt %: % is final', OLD.id, OLD.outcome;
        END IF;
        RETURN NEW;
    """


class ReleaseIsFixed(pgtrigger.Trigger):
    """What one person proposed never changes; a second one closes it, once."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'release %: it is never deleted', OLD.id;
        END IF;
        IF OLD.state <> 'proposed'
            OR (OLD.transfer_id, OLD.decision, OLD.rail_reference, OLD.proposed_by, OLD.proposed_by_id,
                    OLD.proposed_reason, OLD.proposed_at)
                IS DISTINCT FROM
               (NEW.transfer_id, NEW.decision, NEW.rail_reference, NEW.proposed_by, NEW.proposed_by_id,
                    NEW.proposed_reason, NEW.proposed_at)
        THEN
            RAISE EXCEPTION 'release %: what was proposed never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'release_is_fixed';
        END IF;
        RETURN NEW;
    """


class ReleasedByTwo(pgtrigger.Trigger):
    """A transfer that fails because people say so (`failure_code`) has a confirmed release that says so."""

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status", "failure_code")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("NEW.failure_code = 'released_by_people'")
    func = """
        PERFORM 1 FROM transfers_release
            WHERE transfer_id = NEW.id AND state = 'confirmed' AND decision = 'not_moved';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer %: nobody released it', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_is_released_by_two_people';
        END IF;
        RETURN NEW;
    """


class EnvelopeIsFixed(pgtrigger.Trigger):
    """What was signed never changes, what a ledger or a proof said is final, and envelopes are never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'envelope %: an envelope is never deleted', OLD.id;
        END IF;
        IF (OLD.network_passphrase, OLD.channel_id, OLD.source, OLD.sequence, OLD.max_time, OLD.fee, OLD.hash,
            OLD.signed_xdr, OLD.signed_at_ledger) IS DISTINCT FROM
           (NEW.network_passphrase, NEW.channel_id, NEW.source, NEW.sequence, NEW.max_time, NEW.fee, NEW.hash,
            NEW.signed_xdr, NEW.signed_at_ledger) THEN
            RAISE EXCEPTION 'envelope %: what was signed never changes', OLD.id;
        END IF;
        IF OLD.state <> NEW.state AND NOT (OLD.state IN ('prepared', 'sent') AND NEW.state <> 'prepared') THEN
            RAISE EXCEPTION 'envelope %: no step from % to %', OLD.id, OLD.state, NEW.state;
        END IF;
        RETURN NEW;
    """


_COUNTS = """
        sum(sign) FILTER (WHERE status = 'pending') AS pending,
        sum(sign) FILTER (WHERE status = 'processing' AND NOT outcome_unknown) AS processing,
        sum(sign) FILTER (WHERE outcome_unknown) AS unknown,
        sum(sign) FILTER (WHERE status = 'success') AS success,
        sum(sign) FILTER (WHERE status = 'failed') AS failed,
        sum(sign) FILTER (WHERE status IN ('reversed', 'returned')) AS undone,
        sum(sign * (amount_minor - reversed_minor)) FILTER (WHERE status = 'success') AS paid"""
_BOOKING = "source_type = 'booking'"


def _count_rows(*parts: str) -> str:
    rows = " UNION ALL ".join(parts)
    return f"""
        WITH rows AS ({rows}), change AS (
            SELECT source_id, {_COUNTS} FROM rows GROUP BY source_id
        )
        UPDATE transfers_booking AS booking SET
            pending_count = pending_count + coalesce(change.pending, 0),
            processing_count = processing_count + coalesce(change.processing, 0),
            unknown_count = unknown_count + coalesce(change.unknown, 0),
            success_count = success_count + coalesce(change.success, 0),
            failed_count = failed_count + coalesce(change.failed, 0),
            undone_count = undone_count + coalesce(change.undone, 0),
            paid_minor = paid_minor + coalesce(change.paid, 0)
        FROM change WHERE booking.id = change.source_id AND (
            change.pending <> 0 OR change.processing <> 0 OR change.unknown <> 0 OR change.success <> 0
            OR change.failed <> 0 OR change.undone <> 0 OR change.paid <> 0);
        -- The UPDATE above waited for whoever holds the booking's row: a cancellation that came first is seen here.
        SELECT reference INTO cancelled FROM transfers_booking WHERE status = 'cancelled' AND id IN (
            SELECT source_id FROM new_rows WHERE {_BOOKING} AND status = 'pending') LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'booking %: it is cancelled, nobody is paid for it', cancelled
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cancelled_booking_pays_nobody';
        END IF;
        RETURN NULL;
    """


_COLUMNS = "source_id, status, outcome_unknown, amount_minor, reversed_minor"


class CountIntoBooking(pgtrigger.Trigger):
    """Keeps a booking's counters equal to its transfers, in the same transaction, once per statement.

    Per statement and not per row: 10,000 transfers made at once cost one UPDATE of their booking.
    """

    level = pgtrigger.Statement
    when = pgtrigger.After
    declare = [("cancelled", "text")]

    @classmethod
    def all_events(cls) -> tuple["CountIntoBooking", "CountIntoBooking"]:
        """PostgreSQL allows transition tables for one event per trigger only."""
        new = f"SELECT {_COLUMNS}, 1 AS sign FROM new_rows WHERE {_BOOKING}"
        old = f"SELECT {_COLUMNS}, -1 AS sign FROM old_rows WHERE {_BOOKING}"
        return (
            cls(
                name="transfer_insert_counts",
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
                func=_count_rows(new),
            ),
            cls(
                name="transfer_update_counts",
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),  # type: ignore[no-untyped-call]
                func=_count_rows(old, new),
            ),
        )
