"""The rails' messages to us: verified on the raw body, stored once, answered at once, applied later by workers."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from api.problems import Problem, problem_for
from transfers.services.receive_rail_event import receive_stripe_event, receive_wise_event

# The largest events are some tens of kilobytes.
MOST_BYTES = 512 * 1024


@csrf_exempt
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """`POST /webhooks/stripe`: 200 once the event is safe; 400 and nothing stored if it is not signed by us.

    Anything else but 200 makes Stripe deliver again, so a database that is away costs nothing.
    """
    signature = request.headers.get("Stripe-Signature", "")
    return _received(
        request, lambda: receive_stripe_event(payload=request.body, signature=signature)
    )


@csrf_exempt
def wise_webhook(request: HttpRequest) -> HttpResponse:
    """`POST /webhooks/wise`: the same. Wise delivers again for up to two weeks."""
    signature = request.headers.get("X-Signature-SHA256", "")
    is_test = request.headers.get("X-Test-Notification", "").lower() == "true"
    return _received(
        request,
        lambda: receive_wise_event(payload=request.body, signature=signature, is_test=is_test),
    )


def _received(request: HttpRequest, store: Callable[[], object]) -> HttpResponse:
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    try:
        store()
    except DataError:
        return _problem(request, 400, "invalid_json", "The event cannot be stored as JSON.")
    except Exception as error:
        answer = problem_for(error, request)
        if answer is None:
            raise
        return answer
    return JsonResponse({"received": True})


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        answer = _problem(request, 405, "method_not_allowed", "Rails post their events here.")
        answer["Allow"] = "POST"
        return answer
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return _problem(request, 413, "body_too_large", f"An event is at most {MOST_BYTES} bytes.")
    return None


def _problem(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    return Problem(request, status=status, code=code, title="Not accepted", detail=detail)
