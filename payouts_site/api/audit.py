"""The audit log over HTTP: its entries, and whether they are what was written."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.views import ApiView, ApiViewSet
from audit.models import Entry, Outcome
from audit.verification import Verification, verify_newest
from transfers.api.documents import Document, moment
from transfers.api.filters import query_values
from transfers.api.requests import StrictSerializer, Text, refuse_query
from transfers.models import Booking

_KINDS = ("user", "token", "command", "worker", "rail", "system")


class EntryFilters(StrictSerializer):
    """`?subject=&actor=&since=&outcome=`"""

    subject = Text(
        max_length=80,
        required=False,
        help_text="Such as transfer:47828, or booking:BK-19284 by its reference.",
    )
    actor = Text(
        max_length=170,
        required=False,
        help_text="A name such as alice, or with its kind: user:alice.",
    )
    since = serializers.DateTimeField(required=False, help_text="RFC 3339; inclusive.")
    outcome = serializers.ChoiceField(choices=Outcome.choices, required=False)


class ActorShown(serializers.Serializer[Any]):
    """Who did it."""

    kind = serializers.ChoiceField(choices=_KINDS)
    name = serializers.CharField()
    user_id = serializers.IntegerField(allow_null=True)

    class Meta:
        ref_name = "Actor"


@extend_schema_field({"type": "object", "additionalProperties": True})
class Snapshot(serializers.JSONField):
    """What belongs to the entry."""


class EntryShown(serializers.Serializer[Any]):
    """One thing that happened to a subject, or that somebody tried and was refused."""

    id = serializers.IntegerField()
    subject = serializers.CharField()
    seq = serializers.IntegerField(help_text="Place in the subject's chain, from 1.")
    action = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    prior_status = serializers.CharField(allow_null=True)
    new_status = serializers.CharField(allow_null=True)
    actor = ActorShown()
    at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_null=True)
    snapshot = Snapshot()
    prev_hash = serializers.CharField(help_text="Hexadecimal; empty for the first of a chain.")
    entry_hash = serializers.CharField(help_text="Hexadecimal SHA-256.")

    class Meta:
        ref_name = "AuditEntry"


class SealShown(serializers.Serializer[Any]):
    """A Merkle root over all entries up to one of them."""

    id = serializers.IntegerField()
    last_entry = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]  # a member, not DRF's attribute
    at = serializers.DateTimeField()

    class Meta:
        ref_name = "AuditSeal"


class DamageShown(serializers.Serializer[Any]):
    """A place where the log is not what was written."""

    where = serializers.CharField()
    what = serializers.CharField()

    class Meta:
        ref_name = "AuditDamage"


class VerificationShown(serializers.Serializer[Any]):
    """What recomputing the log's newest part found."""

    intact = serializers.BooleanField()
    complete = serializers.BooleanField(
        help_text="The whole log was read. If not, run `manage.py verify_audit` for the rest."
    )
    beyond_entry = serializers.IntegerField(
        help_text="Chains and seals of entries beyond it were read."
    )
    newest_entry = serializers.IntegerField(allow_null=True)
    newest_seal = SealShown(allow_null=True)
    damages = DamageShown(many=True)

    class Meta:
        ref_name = "AuditVerification"


class AuditEntries(ApiViewSet):
    """The list of entries."""

    required_capability: ClassVar = {"list": "audit.read"}
    filter_backends = ()
    queryset = Entry.objects.none()

    @extend_schema(
        operation_id="listAuditEntries",
        tags=["Audit"],
        parameters=[EntryFilters],
        responses=EntryShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Entries, newest first: what was done, and what was refused."""
        rows = self.paginate_queryset(_entries_like(query_values(request, EntryFilters)))
        return self.get_paginated_response([entry_document(row) for row in rows or ()])


class AuditVerification(ApiView):
    """Whether the log is what was written."""

    required_capability = "audit.read"

    @extend_schema(operation_id="getAuditVerification", tags=["Audit"], responses=VerificationShown)
    def get(self, request: Request) -> Response:
        """Recompute the hash chains and seals of the newest entries, all of them in a log that is not long."""
        refuse_query(request)
        return Response(_verification_document(verify_newest()))


def _entries_like(values: dict[str, Any]) -> QuerySet[Entry]:
    rows = Entry.objects.all()
    if "subject" in values:
        rows = rows.filter(subject=_subject(values["subject"]))
    if "actor" in values:
        kind, colon, name = values["actor"].partition(":")
        if colon and kind in _KINDS:
            rows = rows.filter(actor_kind=kind, actor_name=name)
        else:
            rows = rows.filter(actor_name=values["actor"])
    if "since" in values:
        rows = rows.filter(at__gte=values["since"])
    if "outcome" in values:
        rows = rows.filter(outcome=values["outcome"])
    return rows


def _subject(text: str) -> str:
    """Callers know a booking by its reference, the log by its number."""
    kind, _, reference = text.partition(":")
    if kind != "booking":
        return text
    pk = Booking.objects.filter(reference=reference).values_list("pk", flat=True).first()
    return text if pk is None else f"booking:{pk}"


def entry_document(entry: Entry) -> Document:
    """One entry."""
    return {
        "id": entry.pk,
        "subject": entry.subject,
        "seq": entry.seq,
        "action": entry.action,
        "outcome": entry.outcome,
        "prior_status": entry.prior_status or None,
        "new_status": entry.new_status or None,
        "actor": {
            "kind": entry.actor_kind,
            "name": entry.actor_name,
            "user_id": entry.actor_user_id,
        },
        "at": moment(entry.at),
        "reason": entry.reason,
        "request_id": entry.request_id or None,
        "snapshot": entry.snapshot,
        "prev_hash": bytes(entry.prev_hash).hex(),
        "entry_hash": bytes(entry.entry_hash).hex(),
    }


def _verification_document(found: Verification) -> Document:
    seal = found.newest_seal
    return {
        "intact": found.intact,
        "complete": found.complete,
        "beyond_entry": found.beyond_entry,
        "newest_entry": found.newest_entry,
        "newest_seal": seal
        and {
            "id": seal.pk,
            "last_entry": seal.last_entry_id,
            "root": bytes(seal.root).hex(),
            "at": moment(seal.at),
        },
        "damages": [{"where": damage.where, "what": damage.what} for damage in found.damages],
    }
