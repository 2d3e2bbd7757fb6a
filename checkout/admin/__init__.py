"""Checkout's pages in the console."""

from checkout.admin import receipts, refunds, runs, sessions

__all__ = ["receipts", "refunds", "runs", "sessions"]
