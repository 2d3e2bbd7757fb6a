"""What the database itself enforces about commissions and the payout requests that pay them."""

import pgtrigger


class CommissionIsFixed(pgtrigger.Trigger):
    """Whom we owe a commission, how much and what for never changes, and it is never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'commission %: a commission is never deleted', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'commission_is_never_deleted';
        END IF;
        IF (OLD.reference, OLD.payee_id, OLD.amount_minor, OLD.currency, OLD.earned_for)
            IS DISTINCT FROM (NEW.reference, NEW.payee_id, NEW.amount_minor, NEW.currency, NEW.earned_for)
        THEN
            RAISE EXCEPTION 'commission %: what was earned never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'commission_never_changes';
        END IF;
        RETURN NEW;
    """


class CommissionFitsItsInclusion(pgtrigger.Trigger):
    """Included and paid commissions are in one request, the others in none. Judged at the commit."""

    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    timing = pgtrigger.Deferred
    func = """
        IF (NEW.status IN ('included', 'paid', 'clawed_back')) IS DISTINCT FROM EXISTS (
            SELECT FROM payouts_commissioninclusion
                WHERE commission_id = NEW.id AND released_at IS NULL)
            AND NEW.version = (SELECT version FROM payouts_commission WHERE id = NEW.id)
        THEN
            RAISE EXCEPTION 'commission %: % does not fit the requests that include it', NEW.id, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'commission_fits_its_inclusion';
        END IF;
        RETURN NULL;
    """


class InclusionIsFixed(pgtrigger.Trigger):
    """Which request pays which commission never changes; being released is all that happens to it."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
        IF TG_OP = 'DELETE' OR (OLD.commission_id, OLD.payout_id) IS DISTINCT FROM (NEW.commission_id, NEW.payout_id)
        THEN
            RAISE EXCEPTION 'commission %: what was included stays written down', OLD.commission_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inclusion_never_changes';
        END IF;
        RETURN NEW;
    """


class InclusionIsOfThePayee(pgtrigger.Trigger):
    """A request pays commissions of its own payee in its own currency, and is still undecided when they come in."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert
    func = """
        PERFORM 1 FROM payouts_commission AS commission
            JOIN payouts_payoutrequest AS payout ON payout.payee_id = commission.payee_id
                AND payout.currency = commission.currency
            WHERE commission.id = NEW.commission_id AND payout.id = NEW.payout_id AND payout.status = 'requested';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'commission %: payout % cannot pay it', NEW.commission_id, NEW.payout_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inclusion_is_of_the_payee';
        END IF;
        RETURN NEW;
    """


class InclusionsAddUp(pgtrigger.Trigger):
    """A request that pays commissions pays exactly their sum. Judged at the commit."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    timing = pgtrigger.Deferred
    func = """
        IF (SELECT amount_minor FROM payouts_payoutrequest WHERE id = NEW.payout_id) <> (
            SELECT sum(commission.amount_minor) FROM payouts_commissioninclusion AS inclusion
                JOIN payouts_commission AS commission ON commission.id = inclusion.commission_id
                WHERE inclusion.payout_id = NEW.payout_id)
        THEN
            RAISE EXCEPTION 'payout %: its commissions do not add up to it', NEW.payout_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inclusions_add_up_to_the_payout';
        END IF;
        RETURN NULL;
    """


class PayoutHoldsItsCommissions(pgtrigger.Trigger):
    """A request is not approved while a commission that it would pay was released, to be paid by another."""

    when = pgtrigger.Before
    operation = pgtrigger.UpdateOf("status")  # type: ignore[no-untyped-call]
    condition = pgtrigger.Condition("OLD.status = 'requested' AND NEW.status = 'approved'")
    func = """
        PERFORM 1 FROM payouts_commissioninclusion WHERE payout_id = NEW.id AND released_at IS NOT NULL;
        IF FOUND THEN
            RAISE EXCEPTION 'payout %: a commission of it was released', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_holds_its_commissions';
        END IF;
        RETURN NEW;
    """
