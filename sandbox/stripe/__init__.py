"""A stand-in for Stripe Connect transfers, with its own books, rules, events and faults."""
