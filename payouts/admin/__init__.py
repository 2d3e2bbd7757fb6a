"""The review queue in the Django admin: it shows and calls services; nothing here writes a model."""

from payouts.admin import commissions, requests

__all__ = ["commissions", "requests"]
