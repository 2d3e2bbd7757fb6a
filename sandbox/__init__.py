"""Stand-ins for the rails, with books and faults of their own.

A separate process: it never imports the product and the product never imports it. Every rail is a
sub-package that offers one `Rail` (see `sandbox.server`); Stripe, Wise and Horizon.
"""
