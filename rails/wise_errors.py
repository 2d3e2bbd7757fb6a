"""What Wise's refusals mean. Text decides nothing: only the status, a code, and the headers of a challenge.

Five shapes of error bodies, and none (Wise reference, section 6); codes are not unique across endpoints.
"""

import contextlib
from typing import Any, Final

import httpx2

from rails.answers import Declined, NotNow, Unclear
from rails.wise_values import loads

# With a readable answer these say that nothing was done; of any other status nobody knows.
_REFUSED: Final = (400, 403, 404, 409, 410, 415, 422)
SCA: Final = "strong_customer_authentication"

# Nothing moved and the same transfer may be funded later.
FUND_LATER: Final = frozenset(
    {
        "balance.insufficient-funds",
        "transfer.insufficient_funds",
        "balance.no-balance-for-currency",
        "balance.account-inactive",
        "balance.account-not-found",
        "balance.unauthorised.missing-security-role",
        "transfer.not-accessible-for-user",
    }
)
# Somebody's call was first, or the state is not what we think: look it up.
FUND_LOOK_UP: Final = frozenset(
    {"payment.exists", "transfer.invalid-state", "transfer.not-found", "unexpected.error"}
)
WAIT_SECONDS: Final = 300.0


def evidence_of(response: httpx2.Response, *, private: bool = False) -> dict[str, Any]:
    """What proves the answer later. `private`: what was sent holds bank details, so the rail's words are left out."""
    code, message, paths = error_of(response)
    found: dict[str, Any] = {
        "http_status": response.status_code,
        "trace_id": response.headers.get("x-trace-id", ""),
        "correlation_id": response.request.headers.get("X-External-Correlation-Id", ""),
    }
    if response.status_code >= 400 or code:
        found |= {"code": code, "fields": paths}
        if not private:
            found["message"] = message[:500]
    return found


def error_of(response: httpx2.Response) -> tuple[str, str, list[str]]:
    """(code, message, fields named) of any of the shapes; empty where there is none."""
    body: Any = None
    with contextlib.suppress(ValueError):
        body = loads(response.text)
    if not isinstance(body, dict):
        # Funding answers a bare code as text/plain; a page of HTML has no code.
        word = response.text.strip()
        bare = "<" not in word and " " not in word and 0 < len(word) <= 100
        return (word if bare else "", "", [])
    items = [item for item in body.get("errors") or () if isinstance(item, dict)]
    if items:
        message = "; ".join(str(item.get("message") or "") for item in items)
        fields = [str(item.get("path")) for item in items if item.get("path")]
        return str(items[0].get("code") or ""), message, fields
    if body.get("errorCode"):
        return str(body["errorCode"]), str(body.get("errorMessage") or ""), []
    message = str(body.get("error_description") or body.get("message") or "")
    return str(body.get("error") or ""), message, []


def refusal(response: httpx2.Response, *, private: bool = False) -> Declined | NotNow | Unclear:
    """The meaning of an answer that is not 2xx.

    401, 403 with a challenge and 429 execute nothing and may be repeated. 400 to 422 with any body: refused. Anything
    else (5xx, 408, redirects): nobody knows.
    """
    code, message, fields = error_of(response)
    evidence = evidence_of(response, private=private)
    status = response.status_code
    if status == 429:
        return NotNow("rate_limit", _retry_after(response), evidence)
    if status == 401:
        return NotNow("bad_credentials", 60.0, evidence)
    if status == 403 and response.headers.get("x-2fa-approval-result", "").upper() == "REJECTED":
        return NotNow(SCA, WAIT_SECONDS, evidence)
    if status == 403:
        return NotNow(code or "forbidden", WAIT_SECONDS, evidence)
    if status in _REFUSED:
        if private:
            message = f"Wise does not accept: {', '.join(fields) or 'these bank details'}."
        return Declined(code or f"http_{status}", message or f"Wise answered {status}.", evidence)
    return Unclear(f"Wise answered {status} {code}".strip(), evidence=evidence)


def fund_refusal(response: httpx2.Response) -> Declined | NotNow | Unclear:
    """The meaning of a funding that is not COMPLETED, whatever its HTTP status (Wise reference, section 3.6)."""
    code, message, _ = error_of(response)
    evidence = evidence_of(response)
    if code in FUND_LATER:
        return NotNow(code, WAIT_SECONDS, evidence)
    if code in FUND_LOOK_UP or response.status_code == 409:
        return Unclear(f"Wise answered {code or 409}: look it up", evidence=evidence)
    if response.is_success:
        return Declined(code, message or f"Wise rejected the funding: {code}.", evidence)
    answer = refusal(response)
    if isinstance(answer, Declined) and not code:
        return Unclear(f"Wise answered {response.status_code} without a code", evidence=evidence)
    return answer


def _retry_after(response: httpx2.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else 1.0
