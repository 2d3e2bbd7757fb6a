"""The OpenAPI file: valid, without warnings, complete, and true: see tests/transfers_api for every single answer."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command

from tests.transfers_api.openapi import document

# The contract's names for what exists so far.
OPERATIONS = {
    ("POST", "bookings"): "createBooking",
    ("GET", "bookings"): "listBookings",
    ("GET", "bookings/{reference}"): "getBooking",
    ("GET", "bookings/{reference}/transfers/preview"): "previewBulkTransfers",
    ("POST", "bookings/{reference}/transfers"): "createBulkTransfers",
    ("GET", "bookings/{reference}/transfers"): "getTransfersForBooking",
    ("POST", "transfers/{transfer_id}/retry"): "retryTransfer",
    ("GET", "transfers/{transfer_id}"): "getTransfer",
    ("GET", "transfers"): "listTransfers",
    ("POST", "transfers/{transfer_id}/reverse"): "reverseTransfer",
    ("POST", "transfers/{transfer_id}/confirm"): "confirmTransfer",
    ("GET", "audit/entries"): "listAuditEntries",
    ("GET", "audit/verification"): "getAuditVerification",
    ("GET", "findings"): "listFindings",
    ("POST", "findings/{finding_id}/resolve"): "resolveFinding",
}
CODES = {
    "createBooking": {"409": "booking_exists", "422": "validation_error"},
    "createBulkTransfers": {"409": "preview_stale", "422": "not_on_booking"},
    "retryTransfer": {"409": "outcome_unknown", "422": "illegal_transition"},
    "confirmTransfer": {"503": "unavailable"},
    "reverseTransfer": {"422": "illegal_transition"},
    "resolveFinding": {"409": "conflict"},
}

# What makes or lists one, what gets it, what is done with it.
CHAINS = (
    ("createBooking", "getBooking", "createBulkTransfers"),
    ("listTransfers", "getTransfer", "reverseTransfer"),
    ("createPayout", "getPayout", "approvePayout"),
    ("createCheckoutSession", "getCheckoutSession", "createRefund"),
    ("createRefund", "getRefund", "approveRefund"),
    ("openDispute", "getDispute", "resolveDispute"),
    ("listFindings", "getFinding", "resolveFinding"),
    ("createWebhookEndpoint", "getWebhookEndpoint", "rotateWebhookSecret"),
)


def test_the_file_is_valid_and_nothing_was_guessed(tmp_path: Path) -> None:
    target = tmp_path / "openapi.yml"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(target), stderr=StringIO()
    )
    assert "createBulkTransfers" in target.read_text()


def test_operations_have_the_contracts_names() -> None:
    found = {
        (method.upper(), path.removeprefix("/api/v1/")): operation["operationId"]
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }
    assert {key: found.get(key) for key in OPERATIONS} == OPERATIONS


def test_each_operation_names_its_refusals() -> None:
    by_name = {
        operation["operationId"]: operation
        for operations in document()["paths"].values()
        for operation in operations.values()
    }
    for name, codes in CODES.items():
        for status, code in codes.items():
            answer = by_name[name]["responses"][status]
            assert code in answer["description"]
            assert set(answer["content"]) == {"application/problem+json"}


def test_the_main_calls_have_examples() -> None:
    for path in ("bookings", "bookings/{reference}/transfers"):
        operation = document()["paths"][f"/api/v1/{path}"]["post"]
        assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_links_lead_from_what_makes_lists_or_gets_an_object_to_what_is_done_with_it() -> None:
    operations = [one for path in document()["paths"].values() for one in path.values()]
    by_name = {one["operationId"]: one for one in operations}
    links = {
        (source, link["operationId"]): link["parameters"]
        for source, operation in by_name.items()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    }
    for (_, target), parameters in links.items():
        wanted = [one["name"] for one in by_name[target]["parameters"] if one["in"] == "path"]
        assert wanted == list(parameters), target
    for makes, gets, acts in CHAINS:
        assert {(makes, gets), (makes, acts), (gets, acts)} <= links.keys()
    assert links["createPayout", "approvePayout"] == {"payout_id": "$response.body#/id"}
    assert links["listPayouts", "getPayout"] == {"payout_id": "$response.body#/results/0/id"}
