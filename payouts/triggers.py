"""What the database itself enforces about payout requests, superusers and shells included."""

import pgtrigger


class ApprovalRules(pgtrigger.Trigger):
    """An approval has a reviewer who is not the maker, a payee whose KYC is approved, and room in the daily limit.

    The advisory lock makes two approvals of one reviewer follow each other, so that both cannot use the same room;
    `approve_payout` takes it too, before anything else. The ledger row is written here and nowhere else.
    """

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("OLD.status = 'requested' AND NEW.status = 'approved'")
    declare = [("most", "bigint"), ("used", "bigint")]
    func = """
        IF NEW.reviewed_by = '' OR NEW.reviewed_by_id IS NULL OR NEW.reviewed_at IS NULL THEN
            RAISE EXCEPTION 'payout %: an approval names its reviewer', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_approval_names_its_reviewer';
        END IF;
        IF NEW.reviewed_by_id = NEW.created_by_id THEN
            RAISE EXCEPTION 'payout %: its maker may not approve it', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_is_not_approved_by_its_maker';
        END IF;
        -- FOR SHARE: a KYC decision of this moment comes before or after this approval, never beside it.
        PERFORM 1 FROM payouts_payee WHERE id = NEW.payee_id AND status = 'approved' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'payout %: the KYC of its payee is not approved', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_payee_kyc_is_approved';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('payout reviewer ' || NEW.reviewed_by_id, 0));
        SELECT limit_minor INTO most FROM payouts_approvallimit;
        SELECT coalesce(sum(base_minor), 0) INTO used FROM payouts_approval
            WHERE reviewer_id = NEW.reviewed_by_id AND at > clock_timestamp() - interval '24 hours';
        IF most IS NULL OR OLD.base_minor IS NULL OR used + OLD.base_minor > most THEN
            RAISE EXCEPTION 'payout %: % used of %, % asked', OLD.id, used, most, OLD.base_minor
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_approval_is_within_the_limit';
        END IF;
        INSERT INTO payouts_approval (payout_id, reviewer_id, base_minor, at)
            VALUES (NEW.id, NEW.reviewed_by_id, OLD.base_minor, clock_timestamp());
        RETURN NEW;
    """


class ApprovedHasItsTransfer(pgtrigger.Trigger):
    """At the commit of an approval its transfer is there, alive: SQL that only sets a status approves nothing.

    Otherwise such a request would look decided and wait for ever: no sweep works on what has no transfer.
    """

    when = pgtrigger.After
    timing = pgtrigger.Deferred
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("OLD.status = 'requested' AND NEW.status = 'approved'")
    func = """
        -- Whatever the same transaction did to it since: what counts is how it is committed.
        PERFORM 1 FROM payouts_payoutrequest WHERE id = NEW.id AND status = 'approved';
        IF FOUND THEN
            PERFORM 1 FROM transfers_transfer WHERE source_type = 'payout' AND source_id = NEW.id
                AND user_id = '' AND status NOT IN ('failed', 'cancelled');
            IF NOT FOUND THEN
                RAISE EXCEPTION 'payout %: an approval has its transfer', NEW.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_approval_has_its_transfer';
            END IF;
        END IF;
        RETURN NULL;
    """


class RequestIsFixed(pgtrigger.Trigger):
    """What was asked for never changes, what was signed changes only in the queue, and a request is never deleted."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'payout %: a request is never deleted', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_is_never_deleted';
        END IF;
        IF (OLD.payee_id, OLD.recipient_id, OLD.amount_minor, OLD.currency, OLD.rail, OLD.created_by,
                OLD.created_by_id, OLD.supersedes_id)
            IS DISTINCT FROM
           (NEW.payee_id, NEW.recipient_id, NEW.amount_minor, NEW.currency, NEW.rail, NEW.created_by,
                NEW.created_by_id, NEW.supersedes_id)
        THEN
            RAISE EXCEPTION 'payout %: what was asked for never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_request_never_changes';
        END IF;
        IF NEW.status <> 'requested' AND (OLD.quote, OLD.base_minor) IS DISTINCT FROM (NEW.quote, NEW.base_minor)
        THEN
            RAISE EXCEPTION 'payout %: its numbers change only while it is requested', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_numbers_change_only_in_the_queue';
        END IF;
        IF NEW.status = OLD.status
            AND (OLD.reviewed_by, OLD.reviewed_by_id, OLD.reviewed_at, OLD.approval_fingerprint)
                IS DISTINCT FROM
                (NEW.reviewed_by, NEW.reviewed_by_id, NEW.reviewed_at, NEW.approval_fingerprint)
        THEN
            RAISE EXCEPTION 'payout %: who decided changes only with a decision', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_decision_is_fixed';
        END IF;
        RETURN NEW;
    """


class BornRequested(pgtrigger.Trigger):
    """A request starts undecided; one that replaces another replaces a dead one."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert
    func = """
        IF NEW.status <> 'requested' OR NEW.reviewed_by <> '' OR NEW.approval_fingerprint <> '' THEN
            RAISE EXCEPTION 'payout: a request is born requested and undecided'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_is_born_requested';
        END IF;
        IF NEW.supersedes_id IS NOT NULL THEN
            PERFORM 1 FROM payouts_payoutrequest WHERE id = NEW.supersedes_id FOR NO KEY UPDATE;
            PERFORM 1 FROM payouts_payoutrequest AS earlier
                LEFT JOIN transfers_transfer AS transfer ON transfer.source_type = 'payout'
                    AND transfer.source_id = earlier.id AND transfer.user_id = ''
                WHERE earlier.id = NEW.supersedes_id AND (
                    (earlier.status IN ('rejected', 'cancelled', 'failed')
                        AND coalesce(transfer.status, 'failed')
                            IN ('failed', 'cancelled', 'reversed', 'returned'))
                    OR (earlier.status = 'paid' AND transfer.status IN ('reversed', 'returned')));
            IF NOT FOUND THEN
                RAISE EXCEPTION 'payout %: it is not proven dead', NEW.supersedes_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_supersedes_only_the_dead';
            END IF;
        END IF;
        RETURN NEW;
    """


class NotSuperseded(pgtrigger.Trigger):
    """What was reissued never comes back: its successor is the one that is paid."""

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition(
        "NEW.status IN ('requested', 'approved') AND OLD.status <> NEW.status"
    )
    func = """
        PERFORM 1 FROM payouts_payoutrequest WHERE supersedes_id = NEW.id;
        IF FOUND THEN
            RAISE EXCEPTION 'payout %: it was reissued', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_is_not_superseded';
        END IF;
        RETURN NEW;
    """
