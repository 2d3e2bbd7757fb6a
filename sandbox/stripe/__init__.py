"""A stand-in for Stripe Connect transfers: its own books, idempotency, limits, events and faults."""
