"""The shapes of the answers, for the OpenAPI file. `documents` builds them; a test holds the two against each other."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from transfers.models import (
    AttemptOutcome,
    BookingStatus,
    FindingState,
    PaymentState,
    Rail,
    SourceType,
    TransferStatus,
)

OUTCOMES = ("enqueued", "already_paid", "in_progress", "outcome_unknown", "failed_needs_retry")
ATTEMPT_OUTCOMES = [one for one in AttemptOutcome.choices if one[0] != AttemptOutcome.LIVE]
_ANYTHING = {"description": "JSON, as it was stored."}


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "example": "450.00"})
class AmountShown(serializers.CharField):
    """Major units as a decimal string with all of the currency's decimals."""


@extend_schema_field({"type": "string", "example": "USD"})
class CurrencyShown(serializers.CharField):
    """The currency of the amounts beside it."""


@extend_schema_field(_ANYTHING)
class Anything(serializers.JSONField):
    """Evidence and snapshots."""


class Source(serializers.Serializer[Any]):
    """Why the money is owed."""

    type = serializers.ChoiceField(choices=SourceType.choices)
    reference = serializers.CharField()


class Failure(serializers.Serializer[Any]):
    """Why the last attempt is proven to have moved nothing, in the rail's words."""

    code = serializers.CharField()
    message = serializers.CharField()


class Attempt(serializers.Serializer[Any]):
    """One try on one rail."""

    number = serializers.IntegerField()
    idempotency_key = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=ATTEMPT_OUTCOMES,
        allow_null=True,
        help_text="Null while it is in flight.",
    )
    sent_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    evidence = Anything(help_text="What is known of it and how, as it was stored.")


class Returned(serializers.Serializer[Any]):
    """Money that came back; banks on the way may have kept fees."""

    amount = AmountShown()
    currency = CurrencyShown()


class WaitingFor(serializers.Serializer[Any]):
    """Why a rail does not go on yet."""

    code = serializers.CharField(help_text="Such as strong_customer_authentication.")
    message = serializers.CharField()


class TransferShown(serializers.Serializer[Any]):
    """One debt to one payee, whatever the rail and however many tries it takes."""

    id = serializers.IntegerField()
    source = Source()  # type: ignore[assignment]  # a member, not DRF's attribute
    user_id = serializers.CharField(allow_null=True)
    payee_name = serializers.CharField()
    amount = AmountShown()
    currency = CurrencyShown()
    rail = serializers.ChoiceField(choices=Rail.choices)
    status = serializers.ChoiceField(choices=TransferStatus.choices)
    version = serializers.IntegerField(help_text="One more with every change; the ETag.")
    outcome_unknown = serializers.BooleanField(
        help_text="Money may have moved. The rail is asked again by itself; do not pay by hand."
    )
    next_check_at = serializers.DateTimeField(
        allow_null=True, help_text="When the rail is asked again about an unknown outcome."
    )
    failure = Failure(allow_null=True)
    rail_reference = serializers.CharField(
        allow_null=True, help_text="The movement at the rail, such as tr_1MiN3gLkdIwHu7ix."
    )
    reversed_amount = AmountShown(help_text="What the rail says was taken back so far.")
    returned = Returned(
        allow_null=True, help_text="What came back by itself, in the currency in which it left."
    )
    waiting_for = WaitingFor(
        allow_null=True, help_text="What the rail wants first. Nothing has moved meanwhile."
    )
    supersedes = serializers.IntegerField(allow_null=True)
    attempts = Attempt(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Transfer"


class ConfirmedTransfer(TransferShown):
    """The transfer as it is after the rail was asked."""

    result = serializers.CharField(help_text="What the rail's books said, in a few words.")

    class Meta:
        ref_name = "ConfirmedTransfer"


class Counts(serializers.Serializer[Any]):
    """Crew members; everybody is in exactly one of them."""

    pending = serializers.IntegerField(help_text="No transfer yet, or one that waits to be sent.")
    processing = serializers.IntegerField()
    success = serializers.IntegerField()
    failed = serializers.IntegerField()
    outcome_unknown = serializers.IntegerField()
    undone = serializers.IntegerField(help_text="Reversed or returned.")


class PaymentSummary(serializers.Serializer[Any]):
    """Where a booking's pay stands."""

    state = serializers.ChoiceField(choices=PaymentState.choices)
    total = AmountShown()
    paid = AmountShown()
    remaining = AmountShown()
    currency = CurrencyShown()
    counts = Counts()


class BookingRow(serializers.Serializer[Any]):
    """A booking without its crew."""

    reference = serializers.CharField()
    customer_name = serializers.CharField()
    status = serializers.ChoiceField(choices=BookingStatus.choices)
    version = serializers.IntegerField(help_text="One more with every change of `status`.")
    total_amount = AmountShown()
    currency = CurrencyShown()
    crew_count = serializers.IntegerField()
    payment_summary = PaymentSummary()
    is_paid = serializers.BooleanField(help_text="For older clients: everybody has been paid.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CrewMemberShown(serializers.Serializer[Any]):
    """A person on a booking and what became of their pay."""

    user_id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    amount = AmountShown()
    currency = CurrencyShown()
    stripe_account = serializers.CharField()
    transfer = TransferShown(allow_null=True)

    class Meta:
        ref_name = "CrewMember"


class BookingShown(BookingRow):
    """A booking with its crew."""

    crew = CrewMemberShown(many=True)

    class Meta:
        ref_name = "Booking"


class BookingTransfers(serializers.Serializer[Any]):
    """Every person's transfer and the summary."""

    booking = serializers.CharField()
    results = CrewMemberShown(many=True)
    payment_summary = PaymentSummary()


class PreviewRow(serializers.Serializer[Any]):
    """Would this person be paid, and if not, why?"""

    user_id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    amount = AmountShown()
    currency = CurrencyShown()
    payable = serializers.BooleanField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    why = serializers.CharField(allow_null=True, help_text="A sentence; null when payable.")


class Preview(serializers.Serializer[Any]):
    """What createBulkTransfers would do now."""

    booking = serializers.CharField()
    results = PreviewRow(many=True)
    total = AmountShown(help_text="What would be paid.")
    currency = CurrencyShown()
    preview_token = serializers.CharField(help_text="Send it along to pay exactly this.")


class BulkResult(serializers.Serializer[Any]):
    """What became of one person."""

    user_id = serializers.CharField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    transfer = TransferShown()


class BulkTransfersAccepted(serializers.Serializer[Any]):
    """Written down; workers carry it out."""

    booking = serializers.CharField()
    status = serializers.ChoiceField(choices=["processing"])
    results = BulkResult(many=True)
    payment_summary = PaymentSummary()


class FindingShown(serializers.Serializer[Any]):
    """Our books and a rail disagree, and a person must look."""

    id = serializers.IntegerField()
    subject = serializers.CharField(help_text="Such as transfer:12.")
    kind = serializers.CharField()
    detail = serializers.CharField()
    evidence = Anything()
    state = serializers.ChoiceField(choices=FindingState.choices)
    status = serializers.ChoiceField(choices=FindingState.choices, help_text="As `state`.")
    version = serializers.IntegerField()
    resolution = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    resolved_by = serializers.CharField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Finding"
