"""The stale-session reconciler: which sessions are inconsistent, what the ledger says about them, and the repair."""
