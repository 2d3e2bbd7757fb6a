"""The contract's names to the letter: operations with their paths and parameters, members, codes, event types."""

from collections.abc import Iterator

import pytest

from api.problems import _KNOWN
from guard.errors import Refused
from tests.contract.conftest import operations
from tests.transfers_api import openapi
from webhooks.events import EVENT_TYPES

# operationId -> what the contract calls, with its query parameters.
CALLS = {
    "createBooking": "POST bookings",
    "listBookings": "GET bookings?status=&payment_state=&search=",
    "getBooking": "GET bookings/{reference}",
    "previewBulkTransfers": "GET bookings/{reference}/transfers/preview?user_ids=",
    "createBulkTransfers": "POST bookings/{reference}/transfers",
    "getTransfersForBooking": "GET bookings/{reference}/transfers",
    "retryTransfer": "POST transfers/{transfer_id}/retry",
    "getTransfer": "GET transfers/{transfer_id}",
    "listTransfers": "GET transfers?status=&rail=&source=&search=",
    "reverseTransfer": "POST transfers/{transfer_id}/reverse",
    "confirmTransfer": "POST transfers/{transfer_id}/confirm",
    "createPayout": "POST payouts",
    "putPayee": "PUT payees/{external_id}",
    "setKyc": "POST payees/{external_id}/kyc",
    "getPayee": "GET payees/{external_id}",
    "listPayouts": "GET payouts?status=&region=&reviewer=&search=",
    "getPayout": "GET payouts/{payout_id}",
    "approvePayout": "POST payouts/{payout_id}/approve",
    "rejectPayout": "POST payouts/{payout_id}/reject",
    "cancelPayout": "POST payouts/{payout_id}/cancel",
    "retryPayout": "POST payouts/{payout_id}/retry",
    "setPayoutStatus": "PUT payouts/{payout_id}/status",
    "claimPayout": "POST payouts/{payout_id}/claim",
    "releasePayout": "DELETE payouts/{payout_id}/claim",
    "reissuePayout": "POST payouts/{payout_id}/reissue",
    "getPayoutTimeline": "GET payouts/{payout_id}/timeline",
    "createCheckoutSession": "POST checkout/sessions",
    "getCheckoutSession": "GET checkout/sessions/{session_id}",
    "listCheckoutSessions": "GET checkout/sessions?status=",
    "notifyPayment": "POST checkout/sessions/{session_id}/payments",
    "listReceipts": "GET checkout/receipts?state=",
    "createRefund": "POST checkout/sessions/{session_id}/refunds",
    "openDispute": "POST checkout/sessions/{session_id}/disputes",
    "resolveDispute": "POST disputes/{dispute_id}/resolve",
    "listAuditEntries": "GET audit/entries?subject=&actor=&since=",
    "getAuditVerification": "GET audit/verification",
    "listFindings": "GET findings?state=",
    "resolveFinding": "POST findings/{finding_id}/resolve",
    "createWebhookEndpoint": "POST webhook-endpoints",
    "listWebhookDeliveries": "GET webhook-deliveries?endpoint=&state=",
    "resendWebhookDelivery": "POST webhook-deliveries/{delivery_id}/resend",
}
KEY_REQUIRED = {"createPayout", "createRefund"}
ANSWERS = {
    "createBooking": "201",
    "createBulkTransfers": "202",
    "retryTransfer": "202",
    "reverseTransfer": "202",
    "confirmTransfer": "200",
    "createPayout": "201",
    "approvePayout": "200",
    "rejectPayout": "200",
    "reissuePayout": "201",
    "createCheckoutSession": "201",
    "notifyPayment": "200 202",
    "createRefund": "201",
    "createWebhookEndpoint": "201",
}
MEMBERS = {
    "Transfer": "id source user_id payee_name amount currency rail status version outcome_unknown failure "
    "rail_reference supersedes attempts created_at updated_at",
    "Attempt": "number idempotency_key outcome sent_at resolved_at evidence",
    "Source": "type reference",
    "Failure": "code message",
    "PaymentSummary": "state total paid remaining currency counts",
    "Counts": "pending processing success failed outcome_unknown",
    "Booking": "reference customer_name crew total_amount payment_summary is_paid status version",
    "PreviewRow": "user_id payable why",
    "Preview": "total preview_token",
    "BulkTransfersAccepted": "booking status results payment_summary",
    "BulkResult": "user_id outcome transfer",
    "Payout": "id payee amount currency rail region recipient quote status version created_by reviewed_by "
    "reviewed_at reason claimed_by approval_fingerprint transfer supersedes superseded_by",
    "Quote": "rate fee source_amount expires_at",
    "CheckoutSession": "id status pay_to version payments merchant_reference amount asset",
    "PayTo": "account memo",
    "PaymentResult": "result",
    "WebhookEndpointWithSecret": "url events secret",
    "Problem": "type title status detail instance code errors",
}
CODES = {
    400: "invalid_json bad_signature idempotency_key_required idempotency_key_invalid",
    401: "not_authenticated",
    403: "permission_denied self_approval approval_limit_exceeded",
    404: "not_found",
    409: "already_decided conflict approval_stale preview_stale obligation_live outcome_unknown "
    "idempotency_in_progress booking_exists",
    422: "validation_error illegal_transition idempotency_key_reused not_on_booking kyc_incomplete "
    "refund_exceeds_payment",
    429: "throttled",
    503: "rail_paused unavailable",
}
EVENTS = (
    "transfer.success transfer.failed transfer.returned transfer.reversed payout.requested payout.approved "
    "payout.rejected payout.processing payout.paid payout.failed payout.cancelled checkout.session.paid "
    "checkout.session.expired refund.succeeded refund.failed"
)


@pytest.mark.parametrize("name", CALLS)
def test_operations(name: str) -> None:
    template, method, declared = operations()[name]
    path, _, query = CALLS[name].partition(" ")[2].partition("?")
    assert (method, template) == (CALLS[name].split()[0], f"/api/v1/{path}")
    known = (
        {one["name"] for one in declared["parameters"] if one["in"] == "query"} if query else set()
    )
    wanted = {one.rstrip("=") for one in query.split("&") if one}
    assert wanted <= known
    for status in ANSWERS.get(name, "").split():
        assert status in declared["responses"]


def test_every_post_accepts_a_key_and_some_require_one() -> None:
    for name, (_, method, declared) in operations().items():
        keys = [one for one in declared.get("parameters", ()) if one["name"] == "Idempotency-Key"]
        assert len(keys) == (method == "POST"), name
        if name in CALLS and method == "POST":
            assert keys[0].get("required", False) == (name in KEY_REQUIRED), name


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    described = openapi.document()["components"]["schemas"][name]
    assert set(MEMBERS[name].split()) <= set(described["properties"])


def test_codes_and_their_statuses() -> None:
    found = {(one.http_status, one.code) for one in _refusals(Refused)}
    found |= {(status, code) for _, status, code, _ in _KNOWN}
    found.add((503, "unavailable"))
    wanted = {(status, code) for status, codes in CODES.items() for code in codes.split()}
    assert wanted <= found
    statuses: dict[str, set[int]] = {}
    for status, code in found:
        statuses.setdefault(code, set()).add(status)
    assert {code: one for code, one in statuses.items() if len(one) > 1} == {}


def _refusals(kind: type[Refused]) -> Iterator[type[Refused]]:
    for one in kind.__subclasses__():
        yield one
        yield from _refusals(one)


def test_event_types() -> None:
    assert set(EVENT_TYPES) == set(EVENTS.split())


# docs/api.md, "Limits".
MOST = {
    ("NewBookingRequest", "crew"): 10_000,
    ("BulkTransfersRequest", "user_ids"): 10_000,
    ("CommissionPayoutRequest", "commissions"): 200,
    ("NewEndpointRequest", "events"): 50,
}


@pytest.mark.parametrize(("component", "member"), MOST)
def test_limits_of_bulk_calls_are_in_the_file(component: str, member: str) -> None:
    described = openapi.document()["components"]["schemas"][component]["properties"][member]
    assert described["maxItems"] == MOST[component, member]
