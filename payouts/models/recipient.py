"""`Recipient`: where money goes. Versions are never changed; new details are a new version."""

from typing import Any

import pgtrigger
from cryptography.fernet import InvalidToken
from django.db import models
from django.db.models.functions import Now

from guard.triggers import NeverEmptied
from payouts.encryption import decrypt
from payouts.errors import RecipientUnreadable
from payouts.models.payee import Payee


class RecipientType(models.TextChoices):
    """Which details an account is named by."""

    IBAN = "iban", "IBAN"
    SORT_CODE = "sort_code", "UK sort code"
    ABA = "aba", "US routing number"
    STELLAR = "stellar", "Stellar address"


class Recipient(models.Model):
    """One version of one payee's details. Full details are read through `reveal_recipient`, which is audited."""

    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="recipients")
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=16, choices=RecipientType)
    masked = models.CharField(max_length=80)
    encrypted = models.BinaryField()
    blind_index = models.CharField(max_length=64)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("payee", "version"), name="one_recipient_per_version"),
        )
        indexes = (
            models.Index(fields=("blind_index",), name="recipient_by_blind_index"),
            models.Index(fields=("payee", "type", "-version"), name="recipient_newest_of_its_type"),
        )
        triggers = (
            pgtrigger.Protect(
                name="recipient_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            NeverEmptied(name="recipient_is_not_truncated"),
        )

    def __str__(self) -> str:
        return self.masked

    def details(self) -> dict[str, Any]:
        """The full details, for the rail; never for a screen, a log or an answer. Raises RecipientUnreadable."""
        try:
            return decrypt(bytes(self.encrypted))
        except InvalidToken:
            raise RecipientUnreadable("None of RECIPIENT_KEYS fits these details.") from None
