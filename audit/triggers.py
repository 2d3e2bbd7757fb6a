"""What the database itself enforces about the audit log."""

import pgtrigger


class ChainEntry(pgtrigger.Trigger):
    """Numbers and hashes an entry within its subject's chain.

    The advisory lock makes two writers of one subject follow each other (a refusal does not hold the subject's row
    lock for long). Only the entry that tells of a creation (no prior status, a new one) takes none: nobody else can
    write about a row that is not committed yet, and bulk creation would need one lock per row. The unique constraint
    on (subject, seq) is the last word. Every text is length-prefixed, so that no two entries share a
    pre-image; `audit.chain.digest` computes the same in Python.
    """

    when = pgtrigger.Before
    operation = pgtrigger.Insert
    declare = [("last_seq", "integer"), ("last_hash", "bytea")]
    func = """
        SELECT seq, entry_hash INTO last_seq, last_hash FROM audit_entry
            WHERE subject = NEW.subject ORDER BY seq DESC LIMIT 1;
        IF last_seq IS NOT NULL OR NEW.prior_status <> '' OR NEW.new_status = '' THEN
            PERFORM pg_advisory_xact_lock(hashtextextended(NEW.subject, 0));
            SELECT seq, entry_hash INTO last_seq, last_hash FROM audit_entry
                WHERE subject = NEW.subject ORDER BY seq DESC LIMIT 1;
        END IF;
        NEW.seq := coalesce(last_seq, 0) + 1;
        NEW.prev_hash := coalesce(last_hash, ''::bytea);
        NEW.at := clock_timestamp();
        NEW.entry_hash := sha256(NEW.prev_hash || convert_to(concat(
            octet_length(NEW.subject), ':', NEW.subject, NEW.seq, ';',
            octet_length(NEW.action), ':', NEW.action,
            octet_length(NEW.outcome), ':', NEW.outcome,
            octet_length(NEW.prior_status), ':', NEW.prior_status,
            octet_length(NEW.new_status), ':', NEW.new_status,
            octet_length(NEW.actor_kind), ':', NEW.actor_kind,
            octet_length(NEW.actor_name), ':', NEW.actor_name,
            coalesce(NEW.actor_user_id::text, '-'), ';',
            octet_length(NEW.reason), ':', NEW.reason,
            octet_length(NEW.request_id), ':', NEW.request_id,
            octet_length(NEW.snapshot::text), ':', NEW.snapshot::text,
            to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
        ), 'UTF8'));
        RETURN NEW;
    """


class AppendOnly(pgtrigger.Trigger):
    """Refuses to change or remove a row, whoever asks."""

    when = pgtrigger.Before
    func = "RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;"


class RefuseTruncate(pgtrigger.Trigger):
    """Refuses to empty the table."""

    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Truncate
    func = "RAISE EXCEPTION '% is append-only: TRUNCATE refused', TG_TABLE_NAME;"
