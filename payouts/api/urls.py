"""The addresses of payouts and payees, below /api/v1/. None ends in a slash."""

from django.urls import path, register_converter

from payouts.api.claims import PayoutClaim
from payouts.api.commissions import (
    ApproveCommission,
    ClawBackCommission,
    CommissionDetail,
    CommissionPayouts,
    Commissions,
    VoidCommission,
)
from payouts.api.payees import PayeeDetail, PayeeKyc
from payouts.api.payouts import (
    ApprovePayout,
    CancelPayout,
    PayoutDetail,
    Payouts,
    PayoutStatusDoor,
    PayoutTimeline,
    ReissuePayout,
    RejectPayout,
    RetryPayout,
)
from transfers.api.urls import BookingReference, RowId

register_converter(RowId, "payout")
register_converter(BookingReference, "payee")

urlpatterns = [
    path("payouts", Payouts.as_view({"get": "list", "post": "create"}), name="payouts"),
    path("payouts/<payout:payout_id>", PayoutDetail.as_view(), name="payout"),
    path("payouts/<payout:payout_id>/approve", ApprovePayout.as_view(), name="payout-approve"),
    path("payouts/<payout:payout_id>/reject", RejectPayout.as_view(), name="payout-reject"),
    path("payouts/<payout:payout_id>/cancel", CancelPayout.as_view(), name="payout-cancel"),
    path("payouts/<payout:payout_id>/retry", RetryPayout.as_view(), name="payout-retry"),
    path("payouts/<payout:payout_id>/status", PayoutStatusDoor.as_view(), name="payout-status"),
    path("payouts/<payout:payout_id>/claim", PayoutClaim.as_view(), name="payout-claim"),
    path("payouts/<payout:payout_id>/reissue", ReissuePayout.as_view(), name="payout-reissue"),
    path("payouts/<payout:payout_id>/timeline", PayoutTimeline.as_view(), name="payout-timeline"),
    path("commissions", Commissions.as_view({"get": "list", "post": "create"}), name="commissions"),
    path("commissions/payouts", CommissionPayouts.as_view(), name="commission-payouts"),
    path("commissions/<payout:commission_id>", CommissionDetail.as_view(), name="commission"),
    path(
        "commissions/<payout:commission_id>/approve",
        ApproveCommission.as_view(),
        name="commission-approve",
    ),
    path(
        "commissions/<payout:commission_id>/void", VoidCommission.as_view(), name="commission-void"
    ),
    path(
        "commissions/<payout:commission_id>/claw-back",
        ClawBackCommission.as_view(),
        name="commission-claw-back",
    ),
    path("payees/<payee:external_id>", PayeeDetail.as_view(), name="payee"),
    path("payees/<payee:external_id>/kyc", PayeeKyc.as_view(), name="payee-kyc"),
]
