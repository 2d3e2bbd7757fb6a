"""Payout review in the console: the queue, the sheet that is signed, the decisions, and their cards."""
