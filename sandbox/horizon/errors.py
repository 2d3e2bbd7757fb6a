"""Horizon's problems: `application/problem+json`, and never an `extras` without content."""

from __future__ import annotations

from typing import Any

from sandbox.horizon.envelope import Envelope
from sandbox.horizon.results import Outcome

TYPE = "https://stellar.org/horizon-errors/"


class HorizonError(Exception):
    """An answer that means no."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str = "",
        *,
        extras: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(slug)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {
            "type": TYPE + slug,
            "title": title,
            "status": status,
            "detail": detail or title,
        }
        if extras:
            self.body["extras"] = extras


def not_found() -> HorizonError:
    """Not there, or not there yet."""
    return HorizonError(
        404, "not_found", "Resource Missing",
        "The resource at the url requested was not found. This usually occurs for one of two "
        "reasons: the url requested is not valid, or no data in our database could be found with "
        "the parameters provided.",
    )  # fmt: skip


def bad_request(field: str, reason: str) -> HorizonError:
    """A parameter that will not do."""
    return HorizonError(
        400, "bad_request", "Bad Request", "The request you sent was invalid in some way.",
        extras={"invalid_field": field, "reason": reason},
    )  # fmt: skip


def before_history() -> HorizonError:
    """What was asked for has been cut off."""
    return HorizonError(
        410, "before_history", "Data Requested Is Before Recorded History",
        "This horizon instance is configured to only track a portion of the stellar network's "
        "latest history. This request is asking for results prior to the recorded history known "
        "to this horizon instance.",
    )  # fmt: skip


def malformed(given: str) -> HorizonError:
    """Not an envelope; it never reached core."""
    return HorizonError(
        400, "transaction_malformed", "Transaction Malformed",
        "Horizon could not decode the transaction envelope in this request.",
        extras={"envelope_xdr": given},
    )  # fmt: skip


def failed(given: str, outcome: Outcome) -> HorizonError:
    """Refused by core, or applied without success."""
    return failed_row(given, outcome.to_xdr(), outcome.codes())


def failed_row(given: str, result: str, codes: dict[str, Any]) -> HorizonError:
    """The same from what the books say."""
    return HorizonError(
        400, "transaction_failed", "Transaction Failed",
        "The transaction failed when submitted to the stellar network. The `extras.result_codes` "
        "field on this response contains further details.",
        extras={"envelope_xdr": given, "result_xdr": result, "result_codes": codes},
    )  # fmt: skip


def timeout(envelope: Envelope) -> HorizonError:
    """Nobody knows: it may still be applied."""
    return HorizonError(
        504, "transaction_submission_timeout", "Transaction Submission Timeout",
        "Your transaction submission request has timed out. This does not necessarily mean the "
        "submission has failed. Before resubmitting, please use the transaction hash provided in "
        "`extras.hash` to poll the GET /transactions endpoint for sometime and check if it was "
        "included in a ledger.",
        extras={"hash": envelope.hash, "envelope_xdr": envelope.xdr},
    )  # fmt: skip


def stale() -> HorizonError:
    """Horizon will not speak, because it knows too little."""
    return HorizonError(
        503, "stale_history", "Historical DB Is Too Stale",
        "This horizon instance is configured to reject client requests when it can determine that "
        "the history database is lagging too far behind the connected instance of Stellar-Core.",
    )  # fmt: skip


def still_ingesting() -> HorizonError:
    """Horizon has just been started."""
    return HorizonError(
        503, "still_ingesting", "Still Ingesting",
        "Data cannot be presented because it's still being ingested.",
    )  # fmt: skip


def rate_limited(seconds: int) -> HorizonError:
    """Too many; nothing has happened."""
    return HorizonError(
        429, "rate_limit_exceeded", "Rate Limit Exceeded",
        "The rate limit for the requesting IP address is over its alloted limit.",
        headers={"Retry-After": str(seconds)},
    )  # fmt: skip


def server_error() -> HorizonError:
    """A 500 that says nothing about what happened."""
    return HorizonError(
        500, "server_error", "Internal Server Error",
        "An error occurred while processing this request. This is usually due to a bug within the "
        "server software.",
    )  # fmt: skip
