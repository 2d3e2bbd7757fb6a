"""How every call goes out: one time limit, one Idempotency-Key for all tries of one call, errors with their code."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import httpx2

# Before each further try; a server that says Retry-After is waited for instead.
_PAUSES = (0.5, 2.0, 5.0)
_LONGEST_PAUSE = 30.0


class ApiError(Exception):
    """The API refused. `code` says what to do next; `problem` is the whole document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = dict(problem)


class NoAnswer(Exception):
    """No answer after all tries. Nobody knows whether it was done: call again with the same `idempotency_key`."""

    def __init__(self, idempotency_key: str | None) -> None:
        super().__init__("No answer. Call again with the same idempotency_key.")
        self.idempotency_key = idempotency_key


class Http:
    """One connection pool. Safe to share between threads; `with` closes it."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_seconds: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._client = httpx2.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_seconds,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """The answer's JSON. A POST has a key of its own unless one is given, so that it may be tried again.

        Raises ApiError for a refusal and NoAnswer when even the last try was not answered.
        """
        if method == "POST" and idempotency_key is None:
            idempotency_key = str(uuid.uuid4())
        headers = {
            name: value
            for name, value in (("If-Match", if_match), ("Idempotency-Key", idempotency_key))
            if value is not None
        }
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        answer = self._try(method, path, params=wanted, headers=headers, json=body)
        for pause in _PAUSES:
            if answer is not None and not _worth_another_try(answer):
                break
            self._sleep(_pause(answer, pause))
            answer = self._try(method, path, params=wanted, headers=headers, json=body)
        if answer is None:
            raise NoAnswer(idempotency_key)
        return _json(answer)

    def _try(self, method: str, path: str, **values: Any) -> httpx2.Response | None:
        if values["json"] is None:
            del values["json"]
        try:
            return self._client.request(method, path, **values)
        except httpx2.TransportError:
            return None

    def pages(self, first: Any) -> Iterator[Any]:
        """Each item of a list, page after page: `for payout in api.pages(api.list_payouts()): …`."""
        page = first
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            url = httpx2.URL(page["next"])
            page = self._call("GET", url.path, query=dict(url.params))


def _worth_another_try(answer: httpx2.Response) -> bool:
    """Too fast, not now, or the first try with this key is still running."""
    if answer.status_code in (429, 502, 503, 504):
        return not _is_paused(answer)
    return answer.status_code == 409 and _code(answer) == "idempotency_in_progress"


def _is_paused(answer: httpx2.Response) -> bool:
    """A rail that people paused stays so for longer than a call waits."""
    return _code(answer) == "rail_paused"


def _code(answer: httpx2.Response) -> str:
    try:
        return str(answer.json().get("code", ""))
    except (ValueError, AttributeError):
        return ""


def _pause(answer: httpx2.Response | None, pause: float) -> float:
    told = "" if answer is None else answer.headers.get("Retry-After", "")
    return min(float(told), _LONGEST_PAUSE) if told.isdigit() else pause


def _json(answer: httpx2.Response) -> Any:
    """Raises ApiError also for a redirect and for a page: somebody in between answered, and nothing was done."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if answer.is_success and document is not None:
        return document
    if not isinstance(document, dict):
        document = {"code": "not_json", "detail": answer.text[:200]}
    raise ApiError(answer.status_code, document)
