"""Generated from the OpenAPI document by `./dev client`. Do not edit."""

# ruff: noqa: D101
from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast
from urllib.parse import quote

from paidonce.http import Http


class Actor(TypedDict):
    kind: ActorKindEnum
    name: str
    user_id: int | None


ActorKindEnum: TypeAlias = Literal["user", "token", "command", "worker", "rail", "system"]


class ApplyReceiptRequest(TypedDict):
    session: int
    reason: str


class Attempt(TypedDict):
    number: int
    idempotency_key: str
    outcome: AttemptOutcome | None
    sent_at: str
    resolved_at: str | None
    evidence: Any


AttemptOutcome: TypeAlias = Literal["unknown", "succeeded", "failed"]


class AuditDamage(TypedDict):
    where: str
    what: str


class AuditEntry(TypedDict):
    id: int
    subject: str
    seq: int
    action: str
    outcome: AuditOutcome
    prior_status: str | None
    new_status: str | None
    actor: Actor
    at: str
    reason: str
    request_id: str | None
    snapshot: dict[str, Any]
    prev_hash: str
    entry_hash: str


AuditOutcome: TypeAlias = Literal["won", "conflict", "illegal", "denied", "noted"]


class AuditSeal(TypedDict):
    id: int
    last_entry: int
    root: str
    at: str


class AuditVerification(TypedDict):
    intact: bool
    complete: bool
    beyond_entry: int
    newest_entry: int | None
    newest_seal: AuditSeal | None
    damages: list[AuditDamage]


class Booking(TypedDict):
    reference: str
    customer_name: str
    status: BookingStatus
    version: int
    total_amount: str
    currency: str
    crew_count: int
    payment_summary: PaymentSummary
    is_paid: bool
    created_at: str
    updated_at: str
    crew: list[CrewMember]


class BookingCancellationRequest(TypedDict):
    reason: str
    expected_version: NotRequired[int]


class BookingClosedRequest(TypedDict):
    reason: NotRequired[str]
    expected_version: NotRequired[int]


class BookingRow(TypedDict):
    reference: str
    customer_name: str
    status: BookingStatus
    version: int
    total_amount: str
    currency: str
    crew_count: int
    payment_summary: PaymentSummary
    is_paid: bool
    created_at: str
    updated_at: str


BookingStatus: TypeAlias = Literal["scheduled", "completed", "cancelled"]


class BookingTransfers(TypedDict):
    booking: str
    results: list[CrewMember]
    payment_summary: PaymentSummary


class BulkResult(TypedDict):
    user_id: str
    outcome: PayOutcome
    transfer: Transfer


class BulkTransfersAccepted(TypedDict):
    booking: str
    status: BulkTransfersAcceptedStatusEnum
    results: list[BulkResult]
    payment_summary: PaymentSummary


BulkTransfersAcceptedStatusEnum: TypeAlias = Literal["processing"]


class BulkTransfersRequest(TypedDict):
    user_ids: NotRequired[list[str]]
    preview_token: NotRequired[str]


class CheckoutPayment(TypedDict):
    id: int
    receipt: int
    tx_hash: str
    operation_index: int
    amount: str
    currency: str
    sender: str
    closed_at: str


class CheckoutSession(TypedDict):
    id: int
    status: SessionStatus
    version: int
    merchant_reference: str
    amount: str
    currency: str
    asset: Literal["native"] | dict[str, Any]
    pay_to: PayTo
    pay_url: str
    expires_at: str
    paid_at: str | None
    claimed_tx_hash: str | None
    payments: list[CheckoutPayment]
    created_by: str
    created_at: str
    updated_at: str


class Clawback(TypedDict):
    amount: str
    currency: str
    reason: str
    by: str
    at: str


class Commission(TypedDict):
    id: int
    reference: str
    payee: PayeeOfPayout
    amount: str
    currency: str
    earned_for: str | None
    status: CommissionStatusEnum
    version: int
    payout: int | None
    clawback: Clawback | None
    created_by: str
    decided_by: str | None
    reason: str | None
    created_at: str
    updated_at: str


class CommissionDecisionRequest(TypedDict):
    reason: NotRequired[str]
    expected_version: NotRequired[int]


class CommissionPayoutRequest(TypedDict):
    commissions: list[int]
    rail: PayoutRail
    recipient: dict[str, Any]


class CommissionReversalRequest(TypedDict):
    reason: str
    expected_version: NotRequired[int]


CommissionStatusEnum: TypeAlias = Literal[
    "accrued", "approved", "included", "paid", "voided", "clawed_back"
]


class ConfirmedTransfer(TypedDict):
    id: int
    source: Source
    user_id: str | None
    payee_name: str
    amount: str
    currency: str
    rail: Rail
    status: TransferStatus
    version: int
    outcome_unknown: bool
    next_check_at: str | None
    failure: Failure | None
    rail_reference: str | None
    reversed_amount: str
    returned: Returned | None
    waiting_for: WaitingFor | None
    supersedes: int | None
    attempts: list[Attempt]
    created_at: str
    updated_at: str
    result: str


class Counts(TypedDict):
    pending: int
    processing: int
    success: int
    failed: int
    outcome_unknown: int
    undone: int


class CrewMember(TypedDict):
    user_id: str
    name: str
    role: str
    amount: str
    currency: str
    stripe_account: str
    transfer: Transfer | None


class DecisionRequest(TypedDict):
    reason: NotRequired[str]
    expected_status: NotRequired[PayoutStatus]
    expected_version: NotRequired[int]


class Dispute(TypedDict):
    id: int
    session: int
    status: DisputeStatus
    version: int
    amount: str
    currency: str
    reason: str | None
    opened_by: str
    resolved_by: str | None
    resolved_at: str | None
    note: str | None
    created_at: str
    updated_at: str


DisputeOutcomeOutcomeEnum: TypeAlias = Literal["won", "lost"]


class DisputeOutcomeRequest(TypedDict):
    outcome: DisputeOutcomeOutcomeEnum
    note: NotRequired[str]
    expected_status: NotRequired[DisputeStatus]
    expected_version: NotRequired[int]


DisputeStatus: TypeAlias = Literal["open", "won", "lost"]


class Failure(TypedDict):
    code: str
    message: str


class Finding(TypedDict):
    id: int
    subject: str
    kind: str
    detail: str
    evidence: Any
    state: FindingState
    status: FindingState
    version: int
    resolution: str | None
    note: str | None
    resolved_by: str | None
    resolved_at: str | None
    created_at: str


FindingState: TypeAlias = Literal["open", "resolved"]


class Kyc(TypedDict):
    status: KycStatus
    checked_by: str | None
    checked_at: str | None
    note: str | None


class KycDecisionRequest(TypedDict):
    status: KycDecisionStatusEnum
    note: NotRequired[str]


KycDecisionStatusEnum: TypeAlias = Literal["approved", "rejected", "expired"]

KycStatus: TypeAlias = Literal["pending", "approved", "rejected", "expired"]


class NewBookingRequest(TypedDict):
    reference: str
    customer_name: str
    crew: list[NewCrewMemberBodyRequest]


class NewCommissionRequest(TypedDict):
    reference: str
    payee: PayeeBodyRequest
    amount: str
    currency: str
    earned_for: NotRequired[str]


class NewCrewMemberBodyRequest(TypedDict):
    user_id: str
    name: str
    role: str
    amount: str
    currency: str
    stripe_account: str


class NewDisputeRequest(TypedDict):
    amount: NotRequired[str]
    reason: NotRequired[str]


class NewEndpointRequest(TypedDict):
    url: str
    events: list[WebhookEventType]


class NewPayoutRequest(TypedDict):
    payee: PayeeBodyRequest
    amount: str
    currency: str
    rail: PayoutRail
    recipient: dict[str, Any]


class NewRefundRequest(TypedDict):
    amount: str
    reason: str
    receipt: NotRequired[int]


class NewSessionRequest(TypedDict):
    merchant_reference: str
    amount: str
    asset: Literal["native"] | dict[str, Any]
    expires_in: NotRequired[int]


class NewStatusRequest(TypedDict):
    reason: NotRequired[str]
    expected_status: NotRequired[PayoutStatus]
    expected_version: NotRequired[int]
    status: PayoutStatus


class PaginatedAuditEntryList(TypedDict):
    next: str | None
    previous: str | None
    results: list[AuditEntry]


class PaginatedBookingRowList(TypedDict):
    next: str | None
    previous: str | None
    results: list[BookingRow]


class PaginatedCheckoutSessionList(TypedDict):
    next: str | None
    previous: str | None
    results: list[CheckoutSession]


class PaginatedCommissionList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Commission]


class PaginatedFindingList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Finding]


class PaginatedPayoutList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Payout]


class PaginatedReceiptList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Receipt]


class PaginatedRefundList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Refund]


class PaginatedTransferList(TypedDict):
    next: str | None
    previous: str | None
    results: list[Transfer]


class PaginatedWebhookDeliveryList(TypedDict):
    next: str | None
    previous: str | None
    results: list[WebhookDelivery]


class PaginatedWebhookEndpointList(TypedDict):
    next: str | None
    previous: str | None
    results: list[WebhookEndpoint]


PayOutcome: TypeAlias = Literal[
    "enqueued", "already_paid", "in_progress", "outcome_unknown", "failed_needs_retry"
]


class PayTo(TypedDict):
    account: str
    memo: str
    memo_type: str
    muxed_id: str


class Payee(TypedDict):
    external_id: str
    name: str
    region: str
    email: str | None
    status: KycStatus
    version: int
    kyc: Kyc
    recipients: list[Recipient]
    created_at: str
    updated_at: str


class PayeeBodyRequest(TypedDict):
    external_id: str
    name: NotRequired[str]
    region: NotRequired[str]


class PayeeOfPayout(TypedDict):
    external_id: str
    name: str
    region: str
    kyc_status: KycStatus


class PayeeValuesRequest(TypedDict):
    name: str
    region: str
    email: NotRequired[str]


class PaymentNoticeRequest(TypedDict):
    tx_hash: str


class PaymentResult(TypedDict):
    result: ResultEnum
    reason: str | None
    session: CheckoutSession
    receipts: list[Receipt]


class PaymentSummary(TypedDict):
    state: PaymentSummaryStateEnum
    total: str
    paid: str
    remaining: str
    currency: str
    counts: Counts


PaymentSummaryStateEnum: TypeAlias = Literal[
    "unpaid", "processing", "partially_paid", "paid", "attention"
]


class Payout(TypedDict):
    id: int
    payee: PayeeOfPayout
    amount: str
    currency: str
    rail: PayoutRail
    region: str
    recipient: Recipient
    quote: Quote | None
    status: PayoutStatus
    version: int
    created_by: str
    reviewed_by: str | None
    reviewed_at: str | None
    reason: str | None
    claimed_by: str | None
    approval_fingerprint: str | None
    transfer: Transfer | None
    returned: ReturnedPayout | None
    supersedes: int | None
    superseded_by: int | None
    created_at: str
    updated_at: str


PayoutRail: TypeAlias = Literal["wise", "stellar"]

PayoutStatus: TypeAlias = Literal[
    "requested", "approved", "processing", "paid", "failed", "rejected", "cancelled"
]


class PayoutTimeline(TypedDict):
    payout: int
    results: list[TimelineEvent]


class Preview(TypedDict):
    booking: str
    results: list[PreviewRow]
    total: str
    currency: str
    preview_token: str


class PreviewRow(TypedDict):
    user_id: str
    name: str
    role: str
    amount: str
    currency: str
    payable: bool
    outcome: PayOutcome
    why: str | None


class Quote(TypedDict):
    rate: str
    fee: str
    source_amount: str
    source_currency: str
    expires_at: str


Rail: TypeAlias = Literal["stripe", "wise", "stellar"]


class Receipt(TypedDict):
    id: int
    state: ReceiptState
    status: ReceiptState
    version: int
    reason: str | None
    explanation: str | None
    session: int | None
    tx_hash: str
    operation_index: int
    operation_id: str
    kind: str
    amount: str
    currency: str
    asset: Literal["native"] | dict[str, Any]
    paid_amount: str
    surplus_amount: str
    refundable_amount: str
    account: str
    sender: str
    memo_type: str
    memo: str | None
    muxed_id: str | None
    closed_at: str
    created_at: str
    updated_at: str


class ReceiptRefundRequest(TypedDict):
    amount: NotRequired[str]
    reason: str


ReceiptState: TypeAlias = Literal["applied", "surplus", "unmatched", "failed"]


class Recipient(TypedDict):
    id: int
    type: RecipientTypeEnum
    masked: str
    version: int
    created_at: str


RecipientTypeEnum: TypeAlias = Literal["iban", "sort_code", "aba", "stellar"]


class Refund(TypedDict):
    id: int
    session: int | None
    dispute: int | None
    status: RefundStatus
    version: int
    amount: str
    currency: str
    asset: Literal["native"] | dict[str, Any]
    destination: str
    reason: str
    requested_by: str
    reviewed_by: str | None
    reviewed_at: str | None
    review_note: str | None
    transfer: TransferOfRefund | None
    created_at: str
    updated_at: str


class RefundDecisionRequest(TypedDict):
    reason: NotRequired[str]
    expected_status: NotRequired[RefundStatus]
    expected_version: NotRequired[int]


RefundStatus: TypeAlias = Literal[
    "requested", "approved", "processing", "refunded", "failed", "rejected"
]


class ReissueRequest(TypedDict):
    recipient: dict[str, Any]
    reason: str


class ResolutionRequest(TypedDict):
    resolution: str
    note: str


ResultEnum: TypeAlias = Literal["applied", "duplicate", "already_paid", "rejected", "pending"]


class Returned(TypedDict):
    amount: str
    currency: str


class ReturnedPayout(TypedDict):
    amount: str | None
    currency: str | None
    at: str


class ReversalRequest(TypedDict):
    amount: NotRequired[str]
    currency: NotRequired[str]
    reason: str


class RotationRequest(TypedDict):
    overlap_hours: NotRequired[int]


SessionStatus: TypeAlias = Literal["pending", "processing", "paid", "expired"]


class Source(TypedDict):
    type: SourceTypeEnum
    reference: str


SourceTypeEnum: TypeAlias = Literal["booking", "payout", "refund"]


class TimelineEvent(TypedDict):
    at: str
    kind: TimelineEventKindEnum
    what: str
    actor: str | None
    detail: Any


TimelineEventKindEnum: TypeAlias = Literal["audit", "attempt", "rail_event", "rail_reference"]


class Transfer(TypedDict):
    id: int
    source: Source
    user_id: str | None
    payee_name: str
    amount: str
    currency: str
    rail: Rail
    status: TransferStatus
    version: int
    outcome_unknown: bool
    next_check_at: str | None
    failure: Failure | None
    rail_reference: str | None
    reversed_amount: str
    returned: Returned | None
    waiting_for: WaitingFor | None
    supersedes: int | None
    attempts: list[Attempt]
    created_at: str
    updated_at: str


class TransferOfRefund(TypedDict):
    id: int
    status: TransferStatus
    version: int
    outcome_unknown: bool
    rail_reference: str | None


TransferStatus: TypeAlias = Literal[
    "pending", "processing", "success", "failed", "cancelled", "reversed", "returned"
]


class WaitingFor(TypedDict):
    code: str
    message: str


class WebhookDelivery(TypedDict):
    id: int
    webhook_id: str
    endpoint: int
    event_type: WebhookEventType
    subject: str
    subject_version: int
    state: WebhookDeliveryState
    status: WebhookDeliveryState
    version: int
    tries: int
    next_try_at: str | None
    last_status: int | None
    last_error: str | None
    delivered_at: str | None
    created_at: str


class WebhookDeliveryDetail(TypedDict):
    id: int
    webhook_id: str
    endpoint: int
    event_type: WebhookEventType
    subject: str
    subject_version: int
    state: WebhookDeliveryState
    status: WebhookDeliveryState
    version: int
    tries: int
    next_try_at: str | None
    last_status: int | None
    last_error: str | None
    delivered_at: str | None
    created_at: str
    payload: str
    attempts: list[WebhookTry]


WebhookDeliveryState: TypeAlias = Literal["pending", "delivered", "failed", "disabled"]


class WebhookEndpoint(TypedDict):
    id: int
    url: str
    events: list[WebhookEventType]
    enabled: bool
    status: WebhookEndpointStatus
    version: int
    disabled_at: str | None
    disabled_reason: str | None
    old_secret_until: str | None
    created_by: str
    created_at: str


WebhookEndpointStatus: TypeAlias = Literal["enabled", "disabled"]


class WebhookEndpointWithSecret(TypedDict):
    id: int
    url: str
    events: list[WebhookEventType]
    enabled: bool
    status: WebhookEndpointStatus
    version: int
    disabled_at: str | None
    disabled_reason: str | None
    old_secret_until: str | None
    created_by: str
    created_at: str
    secret: str


WebhookEventType: TypeAlias = Literal[
    "transfer.success",
    "transfer.failed",
    "transfer.returned",
    "transfer.reversed",
    "payout.requested",
    "payout.approved",
    "payout.rejected",
    "payout.processing",
    "payout.paid",
    "payout.failed",
    "payout.cancelled",
    "checkout.session.paid",
    "checkout.session.expired",
    "refund.succeeded",
    "refund.failed",
]


class WebhookTry(TypedDict):
    number: int
    sent_at: str
    ended_at: str | None
    status: int | None
    answer: str | None
    error: str | None


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: NotRequired[list[dict[str, Any]]]


class PaidOnce(Http):
    """Every operation of the API. Keyword `idempotency_key`: your own key, so that a crash of yours may try again."""

    def list_audit_entries(
        self,
        *,
        actor: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        outcome: Literal["won", "conflict", "illegal", "denied", "noted"] | None = None,
        since: str | None = None,
        subject: str | None = None,
    ) -> PaginatedAuditEntryList:
        """Entries, newest first: what was done, and what was refused."""
        return cast(
            "PaginatedAuditEntryList",
            self._call(
                "GET",
                "/api/v1/audit/entries",
                query={
                    "actor": actor,
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "outcome": outcome,
                    "since": since,
                    "subject": subject,
                },
            ),
        )

    def get_audit_verification(self) -> AuditVerification:
        """Recompute the hash chains and seals of the newest entries, all of them in a log that is not long."""
        return cast("AuditVerification", self._call("GET", "/api/v1/audit/verification"))

    def list_bookings(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["created_at", "-created_at", "id", "-id"] | None = None,
        payment_state: Literal["unpaid", "processing", "partially_paid", "paid", "attention"]
        | None = None,
        search: str | None = None,
        status: Literal["scheduled", "completed", "cancelled"] | None = None,
    ) -> PaginatedBookingRowList:
        """Bookings, newest first, without their crews."""
        return cast(
            "PaginatedBookingRowList",
            self._call(
                "GET",
                "/api/v1/bookings",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "payment_state": payment_state,
                    "search": search,
                    "status": status,
                },
            ),
        )

    def create_booking(
        self, body: NewBookingRequest, *, idempotency_key: str | None = None
    ) -> Booking:
        """Write down a job and what its crew is owed. Nobody is paid yet."""
        return cast(
            "Booking",
            self._call("POST", "/api/v1/bookings", body=body, idempotency_key=idempotency_key),
        )

    def get_booking(self, reference: str) -> Booking:
        """A booking with its crew and what became of everybody's pay."""
        return cast(
            "Booking", self._call("GET", f"/api/v1/bookings/{quote(str(reference), safe='')}")
        )

    def cancel_booking(
        self,
        reference: str,
        body: BookingCancellationRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Booking:
        """Cancel a scheduled job for which nobody is paid or being paid; nobody is paid for it afterwards."""
        return cast(
            "Booking",
            self._call(
                "POST",
                f"/api/v1/bookings/{quote(str(reference), safe='')}/cancel",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def complete_booking(
        self,
        reference: str,
        body: BookingClosedRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Booking:
        """Say that a scheduled job is done. Pay is another matter."""
        return cast(
            "Booking",
            self._call(
                "POST",
                f"/api/v1/bookings/{quote(str(reference), safe='')}/complete",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def get_transfers_for_booking(self, reference: str) -> BookingTransfers:
        """Every person's transfer and the summary."""
        return cast(
            "BookingTransfers",
            self._call("GET", f"/api/v1/bookings/{quote(str(reference), safe='')}/transfers"),
        )

    def create_bulk_transfers(
        self,
        reference: str,
        body: BulkTransfersRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> BulkTransfersAccepted:
        """Pay All, Pay Rest, or pay some."""
        return cast(
            "BulkTransfersAccepted",
            self._call(
                "POST",
                f"/api/v1/bookings/{quote(str(reference), safe='')}/transfers",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def preview_bulk_transfers(
        self, reference: str, *, user_ids: list[str] | None = None
    ) -> Preview:
        """Who would be paid now, how much, and who would be left out and why."""
        return cast(
            "Preview",
            self._call(
                "GET",
                f"/api/v1/bookings/{quote(str(reference), safe='')}/transfers/preview",
                query={"user_ids": user_ids},
            ),
        )

    def list_receipts(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        session: int | None = None,
        state: Literal["applied", "surplus", "unmatched", "failed"] | None = None,
        tx_hash: str | None = None,
    ) -> PaginatedReceiptList:
        """Every incoming operation, newest first, also the ones that paid nothing."""
        return cast(
            "PaginatedReceiptList",
            self._call(
                "GET",
                "/api/v1/checkout/receipts",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "session": session,
                    "state": state,
                    "tx_hash": tx_hash,
                },
            ),
        )

    def get_receipt(self, receipt_id: int) -> Receipt:
        """An incoming operation."""
        return cast(
            "Receipt",
            self._call("GET", f"/api/v1/checkout/receipts/{quote(str(receipt_id), safe='')}"),
        )

    def apply_receipt(
        self,
        receipt_id: int,
        body: ApplyReceiptRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Receipt:
        """Let an unmatched or surplus receipt pay an open session, by hand."""
        return cast(
            "Receipt",
            self._call(
                "POST",
                f"/api/v1/checkout/receipts/{quote(str(receipt_id), safe='')}/apply",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def refund_receipt(
        self,
        receipt_id: int,
        body: ReceiptRefundRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Ask for one receipt to go back to its sender, also one that names no session."""
        return cast(
            "Refund",
            self._call(
                "POST",
                f"/api/v1/checkout/receipts/{quote(str(receipt_id), safe='')}/refunds",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_checkout_sessions(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        search: str | None = None,
        status: Literal["pending", "processing", "paid", "expired"] | None = None,
    ) -> PaginatedCheckoutSessionList:
        """Sessions, newest first."""
        return cast(
            "PaginatedCheckoutSessionList",
            self._call(
                "GET",
                "/api/v1/checkout/sessions",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "search": search,
                    "status": status,
                },
            ),
        )

    def create_checkout_session(
        self, body: NewSessionRequest, *, idempotency_key: str | None = None
    ) -> CheckoutSession:
        """Ask for a payment to an address of its own."""
        return cast(
            "CheckoutSession",
            self._call(
                "POST", "/api/v1/checkout/sessions", body=body, idempotency_key=idempotency_key
            ),
        )

    def get_checkout_session(self, session_id: int) -> CheckoutSession:
        """A session with its payments."""
        return cast(
            "CheckoutSession",
            self._call("GET", f"/api/v1/checkout/sessions/{quote(str(session_id), safe='')}"),
        )

    def open_dispute(
        self,
        session_id: int,
        body: NewDisputeRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Dispute:
        """Hold what is disputed: no refund pays the same money meanwhile."""
        return cast(
            "Dispute",
            self._call(
                "POST",
                f"/api/v1/checkout/sessions/{quote(str(session_id), safe='')}/disputes",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def notify_payment(
        self,
        session_id: int,
        body: PaymentNoticeRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> PaymentResult:
        """Look a transaction up on the ledger now. 202 `pending`: no ledger holds it yet, so ask again."""
        return cast(
            "PaymentResult",
            self._call(
                "POST",
                f"/api/v1/checkout/sessions/{quote(str(session_id), safe='')}/payments",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def create_refund(
        self,
        session_id: int,
        body: NewRefundRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Ask for money to go back to who sent it. It is held at once and leaves after another person's approval."""
        return cast(
            "Refund",
            self._call(
                "POST",
                f"/api/v1/checkout/sessions/{quote(str(session_id), safe='')}/refunds",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_commissions(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["created_at", "-created_at", "id", "-id"] | None = None,
        payee: str | None = None,
        payout: int | None = None,
        search: str | None = None,
        status: Literal["accrued", "approved", "included", "paid", "voided", "clawed_back"]
        | None = None,
    ) -> PaginatedCommissionList:
        """Commissions, newest first."""
        return cast(
            "PaginatedCommissionList",
            self._call(
                "GET",
                "/api/v1/commissions",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "payee": payee,
                    "payout": payout,
                    "search": search,
                    "status": status,
                },
            ),
        )

    def create_commission(
        self, body: NewCommissionRequest, *, idempotency_key: str | None = None
    ) -> Commission:
        """Write down what somebody earned. It is owed once it is approved."""
        return cast(
            "Commission",
            self._call("POST", "/api/v1/commissions", body=body, idempotency_key=idempotency_key),
        )

    def get_commission(self, commission_id: int) -> Commission:
        """A commission, the payout request that pays it, and what is owed back."""
        return cast(
            "Commission",
            self._call("GET", f"/api/v1/commissions/{quote(str(commission_id), safe='')}"),
        )

    def approve_commission(
        self,
        commission_id: int,
        body: CommissionDecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Commission:
        """Approve an accrued commission: a payout request may include it."""
        return cast(
            "Commission",
            self._call(
                "POST",
                f"/api/v1/commissions/{quote(str(commission_id), safe='')}/approve",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def claw_back_commission(
        self,
        commission_id: int,
        body: CommissionReversalRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Commission:
        """Write down, once, that a paid commission is owed back. It takes no money by itself."""
        return cast(
            "Commission",
            self._call(
                "POST",
                f"/api/v1/commissions/{quote(str(commission_id), safe='')}/claw-back",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def void_commission(
        self,
        commission_id: int,
        body: CommissionReversalRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Commission:
        """Void a commission that no payout request holds, for good."""
        return cast(
            "Commission",
            self._call(
                "POST",
                f"/api/v1/commissions/{quote(str(commission_id), safe='')}/void",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def create_commission_payout(
        self, body: CommissionPayoutRequest, *, idempotency_key: str | None = None
    ) -> Payout:
        """One payout request over the sum of these commissions, all of them or none; it is reviewed like any other."""
        return cast(
            "Payout",
            self._call(
                "POST", "/api/v1/commissions/payouts", body=body, idempotency_key=idempotency_key
            ),
        )

    def get_dispute(self, dispute_id: int) -> Dispute:
        """A dispute."""
        return cast(
            "Dispute", self._call("GET", f"/api/v1/disputes/{quote(str(dispute_id), safe='')}")
        )

    def resolve_dispute(
        self,
        dispute_id: int,
        body: DisputeOutcomeRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Dispute:
        """Won: the money is free again. Lost: what was held becomes a refund that another person approves."""
        return cast(
            "Dispute",
            self._call(
                "POST",
                f"/api/v1/disputes/{quote(str(dispute_id), safe='')}/resolve",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_findings(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        state: Literal["open", "resolved"] | None = None,
        subject: str | None = None,
    ) -> PaginatedFindingList:
        """Findings, newest first."""
        return cast(
            "PaginatedFindingList",
            self._call(
                "GET",
                "/api/v1/findings",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "state": state,
                    "subject": subject,
                },
            ),
        )

    def get_finding(self, finding_id: int) -> Finding:
        """A finding with its evidence."""
        return cast(
            "Finding", self._call("GET", f"/api/v1/findings/{quote(str(finding_id), safe='')}")
        )

    def resolve_finding(
        self,
        finding_id: int,
        body: ResolutionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Finding:
        """Resolve an open finding. It moves no money and changes no transfer."""
        return cast(
            "Finding",
            self._call(
                "POST",
                f"/api/v1/findings/{quote(str(finding_id), safe='')}/resolve",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def get_payee(self, external_id: str) -> Payee:
        """A payee with their masked bank details, newest first."""
        return cast(
            "Payee", self._call("GET", f"/api/v1/payees/{quote(str(external_id), safe='')}")
        )

    def put_payee(
        self, external_id: str, body: PayeeValuesRequest, *, if_match: str | None = None
    ) -> Payee:
        """Create a payee or replace what is written of one. KYC stays as it is."""
        return cast(
            "Payee",
            self._call(
                "PUT",
                f"/api/v1/payees/{quote(str(external_id), safe='')}",
                body=body,
                if_match=if_match,
            ),
        )

    def set_kyc(
        self,
        external_id: str,
        body: KycDecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payee:
        """Say what a check of this payee came to. Approvals that were given before are void unless it is approved."""
        return cast(
            "Payee",
            self._call(
                "POST",
                f"/api/v1/payees/{quote(str(external_id), safe='')}/kyc",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_payouts(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["amount_minor", "-amount_minor", "created_at", "-created_at", "id", "-id"]
        | None = None,
        rail: Literal["wise", "stellar"] | None = None,
        region: str | None = None,
        reviewer: str | None = None,
        search: str | None = None,
        status: Literal[
            "requested", "approved", "processing", "paid", "failed", "rejected", "cancelled"
        ]
        | None = None,
    ) -> PaginatedPayoutList:
        """Payout requests, newest first."""
        return cast(
            "PaginatedPayoutList",
            self._call(
                "GET",
                "/api/v1/payouts",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "rail": rail,
                    "region": region,
                    "reviewer": reviewer,
                    "search": search,
                    "status": status,
                },
            ),
        )

    def create_payout(
        self, body: NewPayoutRequest, *, idempotency_key: str | None = None
    ) -> Payout:
        """Ask for a payout. Nothing moves before a reviewer approves it."""
        return cast(
            "Payout",
            self._call("POST", "/api/v1/payouts", body=body, idempotency_key=idempotency_key),
        )

    def get_payout(self, payout_id: int) -> Payout:
        """A payout request with its quote, its review and its transfer."""
        return cast(
            "Payout", self._call("GET", f"/api/v1/payouts/{quote(str(payout_id), safe='')}")
        )

    def approve_payout(
        self,
        payout_id: int,
        body: DecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Approve a requested payout; its transfer is committed with the decision."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/approve",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def cancel_payout(
        self,
        payout_id: int,
        body: DecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Cancel an approved payout before a worker has its transfer."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/cancel",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def claim_payout(
        self, payout_id: int, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> Payout:
        """Show others for 60 seconds that you are looking at it. It binds nobody."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/claim",
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def release_payout(self, payout_id: int, *, if_match: str | None = None) -> Payout:
        """Take your own claim back."""
        return cast(
            "Payout",
            self._call(
                "DELETE",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/claim",
                if_match=if_match,
            ),
        )

    def reissue_payout(
        self,
        payout_id: int,
        body: ReissueRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Ask again in place of a payout that is proven dead, once; the successor needs its own approval."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/reissue",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def reject_payout(
        self,
        payout_id: int,
        body: DecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Reject a requested payout, for good."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/reject",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def retry_payout(
        self,
        payout_id: int,
        body: DecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """A failed or cancelled payout is requested again, for a new decision."""
        return cast(
            "Payout",
            self._call(
                "POST",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/retry",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def set_payout_status(
        self, payout_id: int, body: NewStatusRequest, *, if_match: str | None = None
    ) -> Payout:
        """Move to a status under the same guards as the verb for it. `paid` and `failed` need the rail's proof."""
        return cast(
            "Payout",
            self._call(
                "PUT",
                f"/api/v1/payouts/{quote(str(payout_id), safe='')}/status",
                body=body,
                if_match=if_match,
            ),
        )

    def get_payout_timeline(self, payout_id: int) -> PayoutTimeline:
        """Audit entries, attempts, the rail's messages and names, oldest first."""
        return cast(
            "PayoutTimeline",
            self._call("GET", f"/api/v1/payouts/{quote(str(payout_id), safe='')}/timeline"),
        )

    def list_refunds(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        session: int | None = None,
        status: Literal["requested", "approved", "processing", "refunded", "failed", "rejected"]
        | None = None,
    ) -> PaginatedRefundList:
        """Refunds, newest first."""
        return cast(
            "PaginatedRefundList",
            self._call(
                "GET",
                "/api/v1/refunds",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "session": session,
                    "status": status,
                },
            ),
        )

    def get_refund(self, refund_id: int) -> Refund:
        """A refund with its transfer."""
        return cast(
            "Refund", self._call("GET", f"/api/v1/refunds/{quote(str(refund_id), safe='')}")
        )

    def approve_refund(
        self,
        refund_id: int,
        body: RefundDecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Approve a requested refund that somebody else asked for; its transfer is committed with the decision."""
        return cast(
            "Refund",
            self._call(
                "POST",
                f"/api/v1/refunds/{quote(str(refund_id), safe='')}/approve",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def reject_refund(
        self,
        refund_id: int,
        body: RefundDecisionRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Reject a requested refund, for good; what it held is free again."""
        return cast(
            "Refund",
            self._call(
                "POST",
                f"/api/v1/refunds/{quote(str(refund_id), safe='')}/reject",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_transfers(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        rail: Literal["stripe", "wise", "stellar"] | None = None,
        search: str | None = None,
        source: str | None = None,
        status: Literal[
            "pending", "processing", "success", "failed", "cancelled", "reversed", "returned"
        ]
        | None = None,
    ) -> PaginatedTransferList:
        """Transfers, newest first, with their attempts."""
        return cast(
            "PaginatedTransferList",
            self._call(
                "GET",
                "/api/v1/transfers",
                query={
                    "cursor": cursor,
                    "limit": limit,
                    "ordering": ordering,
                    "rail": rail,
                    "search": search,
                    "source": source,
                    "status": status,
                },
            ),
        )

    def get_transfer(self, transfer_id: int) -> Transfer:
        """A transfer with its attempts and what is known of each."""
        return cast(
            "Transfer", self._call("GET", f"/api/v1/transfers/{quote(str(transfer_id), safe='')}")
        )

    def confirm_transfer(
        self, transfer_id: int, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> ConfirmedTransfer:
        """Re-read the rail's books and apply what they say. Finding nothing there changes nothing."""
        return cast(
            "ConfirmedTransfer",
            self._call(
                "POST",
                f"/api/v1/transfers/{quote(str(transfer_id), safe='')}/confirm",
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def retry_transfer(
        self, transfer_id: int, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> Transfer:
        """Try again after a proven failure, with the payee's present account; never while an outcome is unknown."""
        return cast(
            "Transfer",
            self._call(
                "POST",
                f"/api/v1/transfers/{quote(str(transfer_id), safe='')}/retry",
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def reverse_transfer(
        self,
        transfer_id: int,
        body: ReversalRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Transfer:
        """Ask for all or a part of a paid transfer back; workers carry it out."""
        return cast(
            "Transfer",
            self._call(
                "POST",
                f"/api/v1/transfers/{quote(str(transfer_id), safe='')}/reverse",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_webhook_deliveries(
        self,
        *,
        cursor: str | None = None,
        endpoint: int | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
        state: Literal["pending", "delivered", "failed", "disabled"] | None = None,
        subject: str | None = None,
    ) -> PaginatedWebhookDeliveryList:
        """Deliveries, newest first."""
        return cast(
            "PaginatedWebhookDeliveryList",
            self._call(
                "GET",
                "/api/v1/webhook-deliveries",
                query={
                    "cursor": cursor,
                    "endpoint": endpoint,
                    "limit": limit,
                    "ordering": ordering,
                    "state": state,
                    "subject": subject,
                },
            ),
        )

    def get_webhook_delivery(self, delivery_id: int) -> WebhookDeliveryDetail:
        """A delivery with its payload and every try."""
        return cast(
            "WebhookDeliveryDetail",
            self._call("GET", f"/api/v1/webhook-deliveries/{quote(str(delivery_id), safe='')}"),
        )

    def resend_webhook_delivery(
        self, delivery_id: int, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> WebhookDeliveryDetail:
        """Send the same message again, under the same id, with a schedule that begins anew."""
        return cast(
            "WebhookDeliveryDetail",
            self._call(
                "POST",
                f"/api/v1/webhook-deliveries/{quote(str(delivery_id), safe='')}/resend",
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def list_webhook_endpoints(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        ordering: Literal["id", "-id"] | None = None,
    ) -> PaginatedWebhookEndpointList:
        """Endpoints, newest first, disabled ones too."""
        return cast(
            "PaginatedWebhookEndpointList",
            self._call(
                "GET",
                "/api/v1/webhook-endpoints",
                query={"cursor": cursor, "limit": limit, "ordering": ordering},
            ),
        )

    def create_webhook_endpoint(
        self, body: NewEndpointRequest, *, idempotency_key: str | None = None
    ) -> WebhookEndpointWithSecret:
        """Be told of events from now on. The answer is the only one that shows the secret."""
        return cast(
            "WebhookEndpointWithSecret",
            self._call(
                "POST", "/api/v1/webhook-endpoints", body=body, idempotency_key=idempotency_key
            ),
        )

    def get_webhook_endpoint(self, endpoint_id: int) -> WebhookEndpoint:
        """An endpoint, without its secret."""
        return cast(
            "WebhookEndpoint",
            self._call("GET", f"/api/v1/webhook-endpoints/{quote(str(endpoint_id), safe='')}"),
        )

    def disable_webhook_endpoint(
        self, endpoint_id: int, *, if_match: str | None = None
    ) -> WebhookEndpoint:
        """Be told no more. What waits is withdrawn; what was delivered stays to be read."""
        return cast(
            "WebhookEndpoint",
            self._call(
                "DELETE",
                f"/api/v1/webhook-endpoints/{quote(str(endpoint_id), safe='')}",
                if_match=if_match,
            ),
        )

    def enable_webhook_endpoint(
        self, endpoint_id: int, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Be told again, of what happens from now on."""
        return cast(
            "WebhookEndpoint",
            self._call(
                "POST",
                f"/api/v1/webhook-endpoints/{quote(str(endpoint_id), safe='')}/enable",
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )

    def rotate_webhook_secret(
        self,
        endpoint_id: int,
        body: RotationRequest,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookEndpointWithSecret:
        """A new secret; the old one signs as well until the overlap is over."""
        return cast(
            "WebhookEndpointWithSecret",
            self._call(
                "POST",
                f"/api/v1/webhook-endpoints/{quote(str(endpoint_id), safe='')}/rotate",
                body=body,
                if_match=if_match,
                idempotency_key=idempotency_key,
            ),
        )
