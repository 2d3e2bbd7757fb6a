"""`Idempotency-Key` for POST views: one execution for each key, the same bytes for every repetition.

The claim is committed before the work starts. Work and stored answer are one transaction, so a crash leaves
either both or neither; a view that calls a rail opts out and stores its answer afterwards.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guard.errors import Refused
from guard.idempotency import (
    HTTP_KEEP_DAYS,
    InProgress,
    LeaseLost,
    Replay,
    Reused,
    Started,
    begin,
    complete,
    release,
)

MAX_KEY_LENGTH = 255
_STORED_HEADERS = ("Content-Type", "Location", "ETag", "Retry-After")
# Answers about the caller or the moment, not about the request: the next try may fare better.
_NOT_STORED = frozenset({401, 403, 429})
_LONGEST_PATH = 300
_LONGEST_WAIT_SECONDS = 5
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class KeyRequired(Refused):
    """This call needs an Idempotency-Key."""

    code = "idempotency_key_required"
    http_status = 400
    title = "Send an Idempotency-Key"


class KeyInvalid(Refused):
    """The header is not a key."""

    code = "idempotency_key_invalid"
    http_status = 400
    title = "The Idempotency-Key is malformed"


class KeyReused(Refused):
    """The key belongs to another request of this caller."""

    code = "idempotency_key_reused"
    http_status = 422
    title = "This key was used for a different request"


class KeyInProgress(Refused):
    """The first request with this key has not been answered yet."""

    code = "idempotency_in_progress"
    http_status = 409
    title = "The first request with this key is still running"


class IdempotentPostMixin(APIView):
    """Put it before APIView or a viewset. `request` is authenticated, allowed and within its limits by then."""

    idempotency_required: ClassVar[bool] = False
    # False for views that call a rail: no transaction may stay open during a call.
    idempotency_atomic: ClassVar[bool] = True

    def body_to_keep(self, body: bytes) -> bytes:
        """The answer as it is stored; a view whose answer shows a secret encrypts it."""
        return body

    def body_kept(self, kept: bytes) -> bytes:
        """The inverse of `body_to_keep`."""
        return kept

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's dispatch, with the claim between the checks and the handler."""
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        self.args, self.kwargs = args, kwargs
        self.request = drf_request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            if "Idempotency-Key" in request.headers:
                _ = (
                    request.body
                )  # kept by Django: parsing it once must not leave nothing to fingerprint
            self.initial(drf_request, *args, **kwargs)
            claim = self._claim(drf_request)
            if isinstance(claim, Replay):
                return self._finalize(_replayed(claim, self.body_kept(claim.body)))
            if claim is not None:
                return self._run_claimed(claim)
        except Exception as exc:  # noqa: BLE001 - the same net as in DRF's dispatch
            return self._finalize(self.handle_exception(exc))
        return self._answer()

    def _claim(self, request: Request) -> Started | Replay | None:
        """Raises the key's refusals; None if the caller sent no key and need not, or nothing handles a POST."""
        if "POST" not in self.allowed_methods:
            return None
        key = key_from_header(request.headers.get("Idempotency-Key"))
        if key is None:
            if self.idempotency_required:
                raise KeyRequired(
                    "This call moves money: send a key of your own, unique per request."
                )
            return None
        claim = begin(
            _scope(request),
            key,
            hashlib.sha256(request.body).hexdigest(),
            lease_seconds=settings.LEASE_SECONDS,
            keep_days=HTTP_KEEP_DAYS,
        )
        if isinstance(claim, Reused):
            raise KeyReused("The key was used for another body. Use a new key for a new request.")
        if isinstance(claim, InProgress):
            raise _in_progress(claim.retry_after)
        return claim

    def _run_claimed(self, claim: Started) -> HttpResponseBase:
        try:
            if not self.idempotency_atomic:
                response = self._answer()
                _settle(claim, response, self.body_to_keep)
                return response
            with transaction.atomic():
                response = self._answer()
                if response.status_code >= 500:
                    transaction.set_rollback(True)
                else:
                    _settle(claim, response, self.body_to_keep)
        except LeaseLost:
            raise _in_progress(1) from None
        except BaseException:
            _release_quietly(claim)
            raise
        if response.status_code >= 500:
            _release_quietly(claim)
        return response

    def _answer(self) -> HttpResponseBase:
        """The handler's answer or its refusal, rendered."""
        try:
            handler = getattr(self, "post", self.http_method_not_allowed)
            response = handler(self.request, *self.args, **self.kwargs)
        except Exception as exc:  # noqa: BLE001 - the same net as in DRF's dispatch
            response = self.handle_exception(exc)
        return self._finalize(response)

    def _finalize(self, response: HttpResponseBase) -> HttpResponseBase:
        # The stubs know only DRF's own Response; DRF itself takes any.
        final: HttpResponseBase = self.finalize_response(
            self.request,
            response,  # type: ignore[arg-type]
            *self.args,
            **self.kwargs,
        )
        if isinstance(final, Response):
            final.render()
        return final


def key_from_header(value: str | None) -> str | None:
    """The key: a structured-field string ("…", with \\" and \\\\ escaped) or the bare value; None if absent.

    Raises KeyInvalid unless it is 1 to 255 printable ASCII characters.
    """
    if value is None:
        return None
    text = value.strip(" \t")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else ""
    else:
        key = text if _BARE.fullmatch(text) else ""
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise KeyInvalid(f"A key is 1 to {MAX_KEY_LENGTH} printable ASCII characters.")
    return key


def _scope(request: Request) -> str:
    """Caller, method and path: keys of different callers never meet."""
    path = quote(request.path)
    if len(path) > _LONGEST_PATH:  # an index entry has a size limit
        path = "sha256:" + hashlib.sha256(path.encode()).hexdigest()
    return f"{request.user.pk}:{request.method}:{path}"


def _in_progress(seconds: int) -> KeyInProgress:
    # Most requests end long before their lease does; only after a crash is the whole lease waited for.
    wait = min(seconds, _LONGEST_WAIT_SECONDS)
    return KeyInProgress("Ask again shortly with the same key.", retry_after=wait)


def _settle(claim: Started, response: HttpResponseBase, to_keep: Callable[[bytes], bytes]) -> None:
    """Store the answer, or free the key if the answer is not the request's own."""
    if response.status_code >= 500 or response.status_code in _NOT_STORED:
        release(claim.record_id, claim.fence)
        return
    if not isinstance(response, HttpResponse):
        raise TypeError("a streamed answer cannot be replayed")
    headers = {name: response[name] for name in _STORED_HEADERS if name in response}
    complete(
        claim.record_id,
        claim.fence,
        status=response.status_code,
        headers=headers,
        body=to_keep(response.content),
    )


def _release_quietly(claim: Started) -> None:
    """Free the key after a failure. If even that fails, the lease ends by itself; a stored answer stays."""
    try:
        release(claim.record_id, claim.fence)
    except DatabaseFailure:
        return


def _replayed(claim: Replay, body: bytes) -> HttpResponse:
    headers = claim.headers | {"Idempotency-Replayed": "true"}
    return HttpResponse(body, status=claim.status, headers=headers)
