"""Checkout's screens in the console."""
