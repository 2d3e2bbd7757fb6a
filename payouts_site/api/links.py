"""OpenAPI links: which calls go on with what an answer holds, so that readers and stateful fuzzers find their way.

Whatever makes, lists or gets an object leads to every call about one: create, get, act.
"""

from collections.abc import Iterator
from typing import Any, Final

# Component -> the path parameter that names one, and where the answer holds it.
_NAMED_BY: Final = {
    "Booking": ("reference", "/reference"),
    "BookingRow": ("reference", "/reference"),
    "Transfer": ("transfer_id", "/id"),
    "Finding": ("finding_id", "/id"),
    "Payout": ("payout_id", "/id"),
    "Payee": ("external_id", "/external_id"),
    "Commission": ("commission_id", "/id"),
    "CheckoutSession": ("session_id", "/id"),
    "Receipt": ("receipt_id", "/id"),
    "Refund": ("refund_id", "/id"),
    "Dispute": ("dispute_id", "/id"),
    "WebhookEndpoint": ("endpoint_id", "/id"),
    "WebhookEndpointWithSecret": ("endpoint_id", "/id"),
    "WebhookDelivery": ("delivery_id", "/id"),
}


def add_links(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook."""
    paths = result.get("paths", {}).values()
    operations = [one for path in paths for one in path.values()]
    for path in paths:
        for method, operation in path.items():
            for status in ("200", "201"):
                answer = operation["responses"].get(status, {})
                named = _named_in(answer) if method == "get" or status == "201" else None
                if named:
                    answer["links"] = _links(*named, operation["operationId"], operations)
    return result


def _named_in(answer: dict[str, Any]) -> tuple[str, str] | None:
    """The path parameter that an answer knows a value of, and the expression for it."""
    content = answer.get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    is_list = name.startswith("Paginated")
    component = name.removeprefix("Paginated").removesuffix("List") if is_list else name
    if component not in _NAMED_BY:
        return None
    parameter, pointer = _NAMED_BY[component]
    return parameter, f"$response.body#{'/results/0' if is_list else ''}{pointer}"


def _links(
    parameter: str, expression: str, source: str, operations: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        name: {"operationId": name, "parameters": {parameter: expression}}
        for name in _about(parameter, operations)
        if name != source
    }


def _about(parameter: str, operations: list[dict[str, Any]]) -> Iterator[str]:
    """Each call about the one object that this parameter names."""
    for operation in operations:
        inside = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        if inside == [parameter]:
            yield operation["operationId"]
