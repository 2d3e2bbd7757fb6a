"""What the database itself enforces about incoming money, superusers and shells included."""

import pgtrigger


class SessionIsFixed(pgtrigger.Trigger):
    """What a session asks for never changes, and a session is never deleted."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'checkout session %: a session is never deleted', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'session_is_never_deleted';
        END IF;
        IF (OLD.merchant_reference, OLD.amount_minor, OLD.currency, OLD.account, OLD.address, OLD.pay_token,
                OLD.created_by)
            IS DISTINCT FROM
           (NEW.merchant_reference, NEW.amount_minor, NEW.currency, NEW.account, NEW.address, NEW.pay_token,
                NEW.created_by)
        THEN
            RAISE EXCEPTION 'checkout session %: what it asks for never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'session_never_changes';
        END IF;
        RETURN NEW;
    """


class ReceiptIsFixed(pgtrigger.Trigger):
    """What came in never changes and never goes away; a receipt that pays a session stays with it."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'receipt %: a receipt is never deleted', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_never_deleted';
        END IF;
        IF (OLD.tx_hash, OLD.operation_index, OLD.operation_id, OLD.account, OLD.sender, OLD.amount_minor,
                OLD.currency, OLD.memo_type, OLD.memo, OLD.muxed_id, OLD.closed_at)
            IS DISTINCT FROM
           (NEW.tx_hash, NEW.operation_index, NEW.operation_id, NEW.account, NEW.sender, NEW.amount_minor,
                NEW.currency, NEW.memo_type, NEW.memo, NEW.muxed_id, NEW.closed_at)
        THEN
            RAISE EXCEPTION 'receipt %: what came in never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_never_changes';
        END IF;
        IF OLD.status = 'applied' AND OLD.session_id IS DISTINCT FROM NEW.session_id THEN
            RAISE EXCEPTION 'receipt %: it pays session %', OLD.id, OLD.session_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'applied_receipt_keeps_its_session';
        END IF;
        RETURN NEW;
    """


class PaymentFits(pgtrigger.Trigger):
    """A payment is at most its receipt, in the session's asset, and all of a session's at most what it asks for."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert
    declare = [("asked", "bigint"), ("asset", "text"), ("paid", "bigint")]
    func = """
        SELECT amount_minor, currency INTO asked, asset FROM checkout_checkoutsession
            WHERE id = NEW.session_id FOR UPDATE;
        SELECT coalesce(sum(amount_minor), 0) INTO paid FROM checkout_payment WHERE session_id = NEW.session_id;
        IF paid + NEW.amount_minor > asked THEN
            RAISE EXCEPTION 'session %: % asked, % paid, % more', NEW.session_id, asked, paid, NEW.amount_minor
                USING ERRCODE = 'check_violation', CONSTRAINT = 'session_is_paid_at_most_once';
        END IF;
        PERFORM 1 FROM checkout_receipt WHERE id = NEW.receipt_id AND amount_minor >= NEW.amount_minor
            AND currency = asset AND status <> 'failed';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'receipt % does not hold this payment', NEW.receipt_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_within_its_receipt';
        END IF;
        RETURN NEW;
    """


class HoldsCount(pgtrigger.Trigger):
    """Keeps `Receipt.held_minor`; its check constraint refuses to hold more than came in.

    It is a new version of the receipt: what can be refunded of it is another amount.
    """

    when = pgtrigger.After
    func = """
        IF TG_OP = 'INSERT' THEN
            UPDATE checkout_receipt SET held_minor = held_minor + NEW.amount_minor, version = version + 1,
                updated_at = clock_timestamp() WHERE id = NEW.receipt_id;
        ELSIF NEW.released AND NOT OLD.released THEN
            UPDATE checkout_receipt SET held_minor = held_minor - NEW.amount_minor, version = version + 1,
                updated_at = clock_timestamp() WHERE id = NEW.receipt_id;
        END IF;
        RETURN NULL;
    """


class HoldIsFixed(pgtrigger.Trigger):
    """A hold is only ever released, once, or handed from a lost dispute to its refund."""

    when = pgtrigger.Before
    func = """
        IF TG_OP = 'DELETE' OR (OLD.released AND NOT NEW.released)
            OR (OLD.receipt_id, OLD.amount_minor, OLD.dispute_id)
                IS DISTINCT FROM (NEW.receipt_id, NEW.amount_minor, NEW.dispute_id)
            OR (OLD.refund_id IS NOT NULL AND NEW.refund_id IS DISTINCT FROM OLD.refund_id)
        THEN
            RAISE EXCEPTION 'hold %: a hold is only released', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_only_released';
        END IF;
        RETURN NEW;
    """
