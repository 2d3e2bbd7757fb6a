"""Stripe's error bodies. `stored` says whether the idempotency key remembers the answer."""

from __future__ import annotations

from typing import Any

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An answer that is not 200. Optional fields are omitted, never null, as Stripe does."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        stored: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.stored = stored
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON document."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = DOCS + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing_param(name: str) -> StripeError:
    """A required parameter is absent."""
    return StripeError(
        400, f"Missing required param: {name}.", code="parameter_missing", param=name
    )


def unknown_param(name: str) -> StripeError:
    """A parameter that the endpoint does not take."""
    return StripeError(
        400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
    )


def bad_integer(name: str, value: str) -> StripeError:
    """A number that is none."""
    return StripeError(
        400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name
    )


def no_such(kind: str, key: str, *, status: int = 404, param: str = "id") -> StripeError:
    """404 for an id in the path, 400 for one in a parameter."""
    return StripeError(
        status, f"No such {kind}: '{key}'", code="resource_missing", param=param, stored=True
    )


def balance_insufficient(param: str = "amount") -> StripeError:
    """The balance does not cover it; kept by the key."""
    return StripeError(
        400,
        "You have insufficient available funds in your Stripe account. Try adding funds directly "
        "to your available balance.",
        code="balance_insufficient",
        param=param,
        stored=True,
    )


def no_capability() -> StripeError:
    """The account may not receive transfers; kept by the key."""
    return StripeError(
        400,
        "Your destination account needs to have at least one of the following capabilities "
        "enabled: transfers, crypto_transfers, legacy_payments",
        code="insufficient_capabilities_for_transfer",
        stored=True,
    )


def server_error(*, stored: bool) -> StripeError:
    """A 500; the key keeps it if `stored`."""
    return StripeError(
        500,
        "An unexpected error occurred. Please contact us if this persists.",
        kind="api_error",
        stored=stored,
    )


def key_in_use(key: str) -> StripeError:
    """The key's first request is still running."""
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        "try again later.",
        code="idempotency_key_in_use",
        kind="idempotency_error",
        headers={"Stripe-Should-Retry": "true"},
    )


def key_reused(key: str) -> StripeError:
    """The key came with another request."""
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first "
        f"used with. Try using a key other than '{key}' if you meant to execute a different "
        "request.",
        kind="idempotency_error",
    )


def rate_limited(reason: str) -> StripeError:
    """The rate limiter's refusal."""
    return StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> StripeError:
    """Somebody else holds the object; worth trying again."""
    return StripeError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it.",
        code="lock_timeout",
        headers={"Stripe-Should-Retry": "true"},
    )
