"""Why incoming money belongs to somebody: checkout sessions, receipts, payments, refunds and disputes."""
