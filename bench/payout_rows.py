"""Very many payout requests as months of the product would leave them: a queue, and a history behind it."""

from __future__ import annotations

from typing import Final

import psycopg

from bench.databases import settle

# Of every hundred, oldest first, so that the waiting ones are the newest 60.
_STATUSES: Final = """
    CASE WHEN %(share)s < 25 THEN 'paid' WHEN %(share)s < 32 THEN 'rejected' WHEN %(share)s < 35 THEN 'failed'
         WHEN %(share)s < 37 THEN 'cancelled' WHEN %(share)s < 39 THEN 'approved'
         WHEN %(share)s < 40 THEN 'processing' ELSE 'requested' END
""".replace("%(share)s", "((n - 1) * 100 / %(requests)s)")
_TRIGGERED: Final = (
    "payouts_payee",
    "payouts_recipient",
    "payouts_payoutrequest",
    "transfers_transfer",
    "audit_entry",
)
# A payee has five requests; every tenth gave new bank details yesterday, every hundredth shares an account.
_ROWS: Final = (
    """
    INSERT INTO payouts_payee (external_id, name, region, status, kyc_checked_by, kyc_checked_at)
    SELECT 'seller-' || lpad(n::text, 7, '0'), 'Payee ' || n, (ARRAY['EU', 'TR', 'GB', 'US', 'OTHER'])[1 + n %% 5],
        'approved', 'nadia', now() - interval '200 days'
    FROM generate_series(0, %(requests)s::int / 5 - 1) n
    """,
    """
    INSERT INTO payouts_recipient (payee_id, version, type, masked, encrypted, blind_index, created_by, created_at)
    SELECT payee.id, given, 'iban', 'DE•• •••• ' || 1000 + payee.id %% 9000, ''::bytea,
        encode(sha256(convert_to(
            CASE WHEN payee.id %% 100 = 0 THEN 'shared ' || payee.id %% 1000 ELSE given || ' ' || payee.id END,
            'UTF8')), 'hex'),
        'shop', now() - CASE given WHEN 1 THEN interval '200 days' ELSE interval '1 day' END
    FROM payouts_payee payee, generate_series(1, 2) given WHERE given = 1 OR payee.id %% 10 = 0
    ORDER BY given, payee.id
    """,
    f"""
    INSERT INTO payouts_payoutrequest (
        payee_id, recipient_id, amount_minor, currency, rail, region, status, version, created_by,
        reviewed_by, reviewed_by_id, reviewed_at, reason, approval_fingerprint, base_minor, claimed_by, quote,
        quote_expires_at, created_at)
    SELECT payee.id, newest.id, minor, 'EUR', 'wise', payee.region, stands, 1, 'shop',
        CASE WHEN stands = 'requested' THEN '' ELSE 'reviewer-' || n %% 7 END,
        CASE WHEN stands = 'requested' THEN NULL ELSE 1000 + n %% 7 END,
        CASE WHEN stands = 'requested' THEN NULL ELSE asked + interval '6 hours' END, '',
        CASE WHEN stands IN ('requested', 'rejected') THEN '' ELSE repeat('a', 64) END, minor * 115 / 100, '',
        jsonb_build_object('rate', '0.9162', 'fee_minor', 412, 'source_minor', minor * 115 / 100,
            'source_currency', 'USD', 'expires_at', '2027-01-01T00:00:00+00:00'),
        now() + interval '20 minutes', asked
    FROM (
        SELECT n, n %% (%(requests)s::int / 5) + 1 AS place, {_STATUSES} AS stands,
            now() - interval '120 days' * (1 - n::float / %(requests)s) AS asked,
            CASE WHEN n %% 9 = 0 THEN 200000 ELSE 10000 + n %% 900 END AS minor
        FROM generate_series(1, %(requests)s::int) n) made
    JOIN payouts_payee payee ON payee.id = (SELECT min(id) FROM payouts_payee) + place - 1
    JOIN LATERAL (SELECT id FROM payouts_recipient WHERE payee_id = payee.id ORDER BY version DESC LIMIT 1) newest
        ON true
    ORDER BY n
    """,
    """
    INSERT INTO payouts_approval (payout_id, reviewer_id, base_minor, at)
    SELECT id, reviewed_by_id, base_minor, reviewed_at FROM payouts_payoutrequest
    WHERE status NOT IN ('requested', 'rejected') ORDER BY id
    """,
    """
    INSERT INTO transfers_transfer (
        debt_key, source_type, source_id, source_reference, user_id, payee_name, amount_minor, currency, rail,
        destination, status, outcome_unknown, reversed_minor, attempt_count, due_at, rail_reference)
    SELECT gen_random_uuid(), 'payout', payout.id, payout.id::text, '', payee.name, payout.amount_minor, 'EUR', 'wise',
        'recipient:' || payout.recipient_id,
        CASE payout.status WHEN 'approved' THEN 'pending' WHEN 'paid' THEN 'success' ELSE payout.status END,
        payout.status = 'processing' AND payout.id %% 20 = 0, 0, 1, NULL,
        CASE WHEN payout.status = 'paid' THEN (5000000 + payout.id)::text ELSE '' END
    FROM payouts_payoutrequest payout JOIN payouts_payee payee ON payee.id = payout.payee_id
    WHERE payout.status NOT IN ('requested', 'rejected') ORDER BY payout.id
    """,
    """
    INSERT INTO transfers_transferattempt
        (transfer_id, number, idempotency_key, request, outcome, answered, resolved_at)
    SELECT id, 1, 'po-' || debt_key || '-a1', '{}',
        CASE status WHEN 'success' THEN 'succeeded' ELSE 'failed' END, true, now()
    FROM transfers_transfer WHERE status IN ('success', 'failed')
    """,
    # A hundredth of the decisions had a loser. Nobody verifies these chains: hashing them would take minutes.
    """
    INSERT INTO audit_entry (subject, action, outcome, prior_status, new_status, actor_kind, actor_name, actor_user_id,
        reason, request_id, snapshot, at, seq, prev_hash, entry_hash)
    SELECT 'payout:' || id, 'payout.' || told.action, told.outcome, told.prior, told.action, 'user', told.who,
        told.who_id, '', '', '{}', told.at, told.seq, '', ''
    FROM payouts_payoutrequest, LATERAL (VALUES
        (1, 'requested', 'won', '', 'shop', NULL::bigint, created_at, true),
        (2, CASE status WHEN 'rejected' THEN 'rejected' ELSE 'approved' END, 'won', 'requested', reviewed_by,
            reviewed_by_id, reviewed_at, status <> 'requested'),
        (3, 'rejected', 'conflict', 'requested', 'reviewer-late', 2000, reviewed_at,
            status <> 'requested' AND id %% 100 = 0)
    ) AS told (seq, action, outcome, prior, who, who_id, at, happened)
    WHERE told.happened ORDER BY told.at, id
    """,
)


def add_payout_requests(connection: psycopg.Connection, requests: int) -> None:
    """So many: 60 of 100 wait, 25 are paid, the rest is rejected, failed, cancelled, approved or on its way.

    Written with the tables' own triggers at rest, since these rows are born with a history.
    """
    for table in _TRIGGERED:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in _ROWS:
        connection.execute(statement, {"requests": requests})
    # Constraint triggers wait for the end of a transaction; only then may the tables be altered again.
    connection.commit()
    for table in _TRIGGERED:
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    connection.commit()
    settle(connection)
