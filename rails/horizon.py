"""Stellar through Horizon: look-ups, and sending an envelope that is signed already. Rules: the Stellar reference.

stellar-sdk's own HTTP client, without its retries (it posts again by itself for minutes) and without redirects. It is
asked directly instead of through `Server`, whose errors hide the headers (Retry-After) and break on `"extras": null`.
Loading stellar-sdk takes a second: import this module where it is needed (transfers/rail_access.py does).
"""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import requests
from requests.adapters import HTTPAdapter
from stellar_sdk import xdr
from stellar_sdk.client.requests_client import RequestsClient
from stellar_sdk.client.response import Response
from stellar_sdk.exceptions import BaseRequestError

from rails.answers import Done, NotNow, Reading, Unclear, Unreachable
from rails.horizon_values import (
    LedgerAccount,
    LedgerOperation,
    LedgerState,
    LedgerTransaction,
    parse_account,
    parse_moment,
    parse_operations,
    parse_state,
)

_T = TypeVar("_T")
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
# This request handed nothing to the network: the same bytes may be sent later.
_NOT_SUBMITTED: Final = frozenset(
    {"stale_history", "still_ingesting", "server_over_capacity", "transaction_malformed"}
)
_HASH: Final = re.compile(r"[0-9a-f]{64}")
PAGE: Final = 200
# For whoever asks while a person or a program waits, in a thread of a web process.
QUICK_SECONDS: Final = 5.0


class HorizonRail:
    """One Horizon of one network. Every method is one HTTP call; safe in several threads."""

    name = "stellar"

    def __init__(self, *, url: str, network_passphrase: str, timeout_seconds: float) -> None:
        self.url = url.rstrip("/")
        self.network_passphrase = network_passphrase
        session = requests.Session()
        session.max_redirects = 0
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=64))
        self._client = _client(session, timeout_seconds)
        self._quick = _client(session, min(timeout_seconds, QUICK_SECONDS))

    def close(self) -> None:
        """Close its connections; no call may follow."""
        self._client.close()
        self._quick.close()

    def state(self) -> Reading[LedgerState]:
        """How far its history goes. Unreachable when it serves another network: then nothing it says counts."""
        read = self._read("/", parse_state)
        if isinstance(read, Unreachable):
            return read
        if read.value is None:
            return Unreachable("this is not a Horizon")
        if read.value.network_passphrase != self.network_passphrase:
            return Unreachable("this Horizon serves another network")
        return read

    def account(self, account: str) -> Reading[LedgerAccount | None]:
        """The account now; None when it does not exist as far as this Horizon has ingested."""
        return self._read(f"/accounts/{account}", parse_account)

    def transaction(
        self, transaction_hash: str, *, quick: bool = False
    ) -> Reading[LedgerTransaction | None]:
        """The transaction if a ledger that this Horizon has ingested holds it. None (404) alone proves nothing.

        `quick`: wait for QUICK_SECONDS at most.
        """
        if not _HASH.fullmatch(transaction_hash):
            return Done(None, {"asked": "nothing: this is not a transaction hash"})
        return self._read(f"/transactions/{transaction_hash}", transaction_of, quick=quick)

    def operations(
        self, transaction_hash: str, *, quick: bool = False
    ) -> Reading[list[LedgerOperation] | None]:
        """What an ingested transaction moved, in order; at most 100 operations, so one page. None: not ingested.

        `quick`: wait for QUICK_SECONDS at most.
        """
        if not _HASH.fullmatch(transaction_hash):
            return Done(None, {"asked": "nothing: this is not a transaction hash"})
        query = {"limit": str(PAGE), "order": "asc", "join": "transactions"}
        path = f"/transactions/{transaction_hash}/payments"
        return self._read(path, parse_operations, query, quick=quick)

    def payments(
        self, account: str, *, cursor: str, limit: int = PAGE, newest_first: bool = False
    ) -> Reading[list[LedgerOperation] | None]:
        """The next operations of `account` beyond `cursor` ("" = from the beginning), failed ones too, oldest first.

        For incoming payments and reconciliation, never for absence. None: the account does not exist.
        """
        query = {
            "limit": str(limit),
            "order": "desc" if newest_first else "asc",
            "include_failed": "true",
            "join": "transactions",
        }
        if cursor:
            query["cursor"] = cursor
        return self._read(f"/accounts/{account}/payments", parse_operations, query)

    def ledger_closed_at(self, sequence: int) -> Reading[datetime | None]:
        """When a ledger closed; None when this Horizon does not keep it."""
        return self._read(f"/ledgers/{sequence}", lambda body: parse_moment(body["closed_at"]))

    def submit(self, signed_xdr: str) -> Done[LedgerTransaction] | NotNow | Unclear:
        """POST the envelope. Sending the same bytes again is always safe; no answer but Done says what became of it.

        Done: a ledger holds it, paid or failed, for good. NotNow: *this* request handed nothing to the network; what
        an earlier one did is another question. Unclear: everything else, also every 400: refusals by one node
        (tx_bad_seq, tx_too_late, ...) are not final and may hide an applied copy (reference 3.2, 4, 8a).
        """
        try:
            response = self._client.post(f"{self.url}/transactions", data={"tx": signed_xdr})
        except BaseRequestError as error:
            return Unclear(f"no answer ({_cause(error)})")
        except requests.RequestException as error:
            return Unclear(f"no answer ({type(error).__name__})")
        evidence = evidence_of(response)
        if response.status_code == 200:
            try:
                return Done(transaction_of(json.loads(response.text)), evidence)
            except _UNREADABLE as error:
                return Unclear(f"unreadable answer ({type(error).__name__})", evidence=evidence)
        code = str(evidence.get("code") or f"http_{response.status_code}")
        if response.status_code in (403, 415, 429) or evidence.get("slug") in _NOT_SUBMITTED:
            return NotNow(code, _retry_after(response), evidence)
        return Unclear(code, evidence=evidence)

    def _read(
        self,
        path: str,
        parse: Callable[[Any], _T],
        query: dict[str, str] | None = None,
        *,
        quick: bool = False,
    ) -> Reading[Any]:
        client = self._quick if quick else self._client
        try:
            response = client.get(f"{self.url}{path}", params=query)
        except BaseRequestError as error:
            return Unreachable(f"no answer ({_cause(error)})")
        except requests.RequestException as error:
            return Unreachable(f"no answer ({type(error).__name__})")
        evidence = {"asked": f"GET {path}", "http_status": response.status_code}
        if response.status_code == 404 and _problem(response).get("slug") == "not_found":
            return Done(None, evidence)
        if response.status_code != 200:
            code = _problem(response).get("slug") or "no reason"
            return Unreachable(f"HTTP {response.status_code} {code}")
        try:
            return Done(parse(json.loads(response.text)), evidence)
        except _UNREADABLE as error:
            return Unreachable(f"unreadable answer ({type(error).__name__})")


def _client(session: requests.Session, timeout_seconds: float) -> RequestsClient:
    return RequestsClient(
        num_retries=0,
        request_timeout=timeout_seconds,  # type: ignore[arg-type]  # any number works
        post_timeout=timeout_seconds,
        session=session,
    )


def evidence_of(response: Response) -> dict[str, Any]:
    """Status, Horizon's slug, and the result codes, whose first is the `code`; never the envelope."""
    problem = _problem(response)
    found: dict[str, Any] = {"http_status": response.status_code}
    if not problem:
        return found
    codes = problem["extras"].get("result_codes")
    codes = codes if isinstance(codes, dict) else {}
    found |= {"slug": problem["slug"], "code": str(codes.get("transaction") or problem["slug"])}
    operations = [str(code) for code in codes.get("operations") or ()]
    if operations:
        found["operation_codes"] = operations
    return found


def _problem(response: Response) -> dict[str, Any]:
    """Slug and extras of a problem+json body; empty when it is none."""
    body: Any = None
    with contextlib.suppress(ValueError):
        body = json.loads(response.text)
    if response.status_code < 400 or not isinstance(body, dict):
        return {}
    extras = body.get("extras")
    return {
        "slug": str(body.get("type") or "").rpartition("/")[2],
        "extras": extras if isinstance(extras, dict) else {},
    }


def _retry_after(response: Response) -> float:
    said = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    return float(said) if re.fullmatch(r"[0-9]{1,4}", str(said)) else 10.0


def _cause(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


def transaction_of(body: Any) -> LedgerTransaction:
    """`GET /transactions/{hash}`. Raises ValueError and the like for what is none."""
    code, operation_codes = codes_of(body["result_xdr"])
    successful = body["successful"]
    if not isinstance(successful, bool) or successful != (code == "tx_success"):
        raise ValueError("it says one thing and its result another")
    return LedgerTransaction(
        hash=str(body["hash"]),
        successful=successful,
        ledger=int(body["ledger"]),
        source=str(body["source_account"]),
        sequence=int(body["source_account_sequence"]),
        memo_type=str(body.get("memo_type") or "none"),
        memo=str(body.get("memo") or ""),
        result_xdr=str(body["result_xdr"]),
        code=code,
        operation_codes=operation_codes,
    )


def codes_of(result_xdr: str) -> tuple[str, tuple[str, ...]]:
    """Horizon's words for a stored result: the transaction's code, and one per operation if they were tried."""
    result = xdr.TransactionResult.from_xdr(result_xdr).result
    if result.inner_result_pair is not None:  # a fee bump says how its inner transaction ended
        inner = result.inner_result_pair.result.result
        return _word("tx", inner.code.name), _operation_words(inner.results)
    return _word("tx", result.code.name), _operation_words(result.results)


def _operation_words(results: Any) -> tuple[str, ...]:
    return tuple(_operation_word(result) for result in results or ())


def _operation_word(result: xdr.OperationResult) -> str:
    if result.tr is None:
        return _word("op", result.code.name)
    kind = result.tr.type.name
    inner = getattr(result.tr, f"{kind.lower()}_result")
    return f"op_{inner.code.name.removeprefix(f'{kind}_').lower()}"


def _word(prefix: str, name: str) -> str:
    return f"{prefix}_{name.removeprefix(prefix).lower()}"
