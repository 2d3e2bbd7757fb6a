"""Soft claims: who is looking at a payout request."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import version_from_if_match
from api.views import ApiView
from payouts.api.payouts import DECIDE, TAGS, payout_answer
from payouts.api.serializers import PayoutShown
from payouts.services.claim_payout import claim_payout
from payouts.services.release_claim import release_claim
from transfers.api import operations
from transfers.api.requests import Nothing, checked, refuse_query


class PayoutClaim(ApiView):
    """A soft claim."""

    required_capability = "payout.review"

    @extend_schema(
        operation_id="claimPayout",
        tags=TAGS,
        parameters=DECIDE,
        request=Nothing,
        responses={200: PayoutShown, **operations.refusals(_409="conflict")},
    )
    def post(self, request: Request, payout_id: int) -> Response:
        """Show others for 60 seconds that you are looking at it. It binds nobody."""
        checked(Nothing, request)
        return payout_answer(
            claim_payout(
                payout_id=payout_id,
                actor=self.actor,
                expected_version=version_from_if_match(request),
            )
        )

    @extend_schema(
        operation_id="releasePayout",
        tags=TAGS,
        parameters=DECIDE,
        request=None,
        responses={200: PayoutShown, **operations.refusals(_409="conflict")},
    )
    def delete(self, request: Request, payout_id: int) -> Response:
        """Take your own claim back."""
        refuse_query(request)
        return payout_answer(
            release_claim(
                payout_id=payout_id,
                actor=self.actor,
                expected_version=version_from_if_match(request),
            )
        )
