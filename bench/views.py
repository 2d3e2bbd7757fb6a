"""The guarded endpoint of row 2 that does nothing else, and its naive yardstick.

Both run under the product's middleware, renderer and token authentication, and answer with the same columns.
"""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.views import ApiView
from bench.models import NaiveTransfer
from bench.transition import claim
from guard.door import Won

SHOWN = (
    *("id", "source_type", "source_reference", "user_id", "payee_name", "amount_minor", "currency"),
    *("rail", "status", "version", "outcome_unknown", "rail_reference", "created_at", "updated_at"),
)


class Guarded(ApiView):
    """UPDATE + audit entry + attempt through the door; the answer comes from the statement itself."""

    required_capability = "transfer.retry"

    def post(self, request: Request, transfer_id: int) -> Response:
        """The transfer as it is now."""
        result = claim(transfer_id, self.actor, SHOWN)
        if not isinstance(result, Won):
            return Response(status=409)
        return Response(result.row)


class NaiveSerializer(serializers.ModelSerializer[NaiveTransfer]):
    """What a tutorial would write."""

    class Meta:
        model = NaiveTransfer
        fields = SHOWN


class Naive(APIView):
    """Get, set status, save: no guard, no audit entry, no attempt, no key, no capability."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request, transfer_id: int) -> Response:
        """The transfer as it is now."""
        transfer = NaiveTransfer.objects.get(pk=transfer_id)
        transfer.status = "processing"
        transfer.save()
        return Response(NaiveSerializer(transfer).data)
