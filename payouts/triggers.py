"""What the database itself enforces about payout requests, superusers and shells included."""

import pgtrigger


class ApprovalRules(pgtrigger.Trigger):
    """An approval needs a reviewer who is not the maker, and a payee whose KYC is approved."""

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("NEW.status = 'approved' AND OLD.status <> 'approved'")
    func = """
        IF NEW.reviewed_by = '' OR NEW.reviewed_by_id IS NULL THEN
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
        RETURN NEW;
    """


class RequestIsFixed(pgtrigger.Trigger):
    """What was asked for never changes, and a request is never deleted."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'payout %: a request is never deleted', OLD.id;
        END IF;
        IF (OLD.payee_id, OLD.amount_minor, OLD.currency, OLD.rail, OLD.created_by_id, OLD.supersedes_id)
            IS DISTINCT FROM
           (NEW.payee_id, NEW.amount_minor, NEW.currency, NEW.rail, NEW.created_by_id, NEW.supersedes_id)
        THEN
            RAISE EXCEPTION 'payout %: what was asked for never changes', OLD.id;
        END IF;
        RETURN NEW;
    """
