"""Form bodies and queries as Stripe nests them: `a=1&metadata[k]=v&expand[]=x&created[gte]=9`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe.errors import StripeError, bad_integer, missing_param, unknown_param

Params = dict[str, Any]
PART = re.compile(r"\[([^\[\]]*)\]")
BOUNDS = ("gt", "gte", "lt", "lte")


def parse(encoded: str) -> Params:
    """Nested dictionaries of strings; `x[]` counts upwards. Raises StripeError 400."""
    result: Params = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, bracket, rest = name.partition("[")
        path = [head, *(PART.findall(bracket + rest) if bracket else ())]
        node = result
        for part in path[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise StripeError(400, f"Invalid parameters: {name}", param=head)
            node = child
        last = path[-1] or str(len(node))
        if isinstance(node.get(last), dict):
            raise StripeError(400, f"Invalid parameters: {name}", param=head)
        node[last] = value
    return result


def allow(params: Params, *names: str) -> None:
    """Refuse any parameter that is not named. `expand` is always allowed."""
    for name in params:
        if name not in names and name != "expand":
            raise unknown_param(name)


def text(params: Params, name: str, *, required: bool = False) -> str | None:
    """A string parameter; empty means absent."""
    value = params.get(name)
    if isinstance(value, dict):
        raise StripeError(400, f"Invalid string: {name}", param=name)
    if not value:
        if required and value is None:
            raise missing_param(name)
        if required:
            raise StripeError(
                400,
                f"You passed an empty string for '{name}'.",
                code="parameter_invalid_empty",
                param=name,
            )
        return None
    return str(value)


def integer(params: Params, name: str) -> int | None:
    """An integer parameter in plain digits."""
    value = text(params, name)
    if value is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise bad_integer(name, value)
    return int(value)


def metadata(params: Params) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500. Empty values are left in."""
    given = params.get("metadata", {})
    if given == "":
        return {}
    if not isinstance(given, dict) or any(isinstance(value, dict) for value in given.values()):
        raise StripeError(400, "Invalid hash", param="metadata")
    if len(given) > 50:
        raise StripeError(400, "Metadata can have at most 50 keys.", param="metadata")
    for key, value in given.items():
        if len(key) > 40:
            raise StripeError(400, "Metadata keys can be up to 40 characters.", param="metadata")
        if len(value) > 500:
            raise StripeError(
                400,
                "Metadata values can have up to 500 characters.",
                param=f"metadata[{key}]",
            )
    return {str(key): str(value) for key, value in given.items()}


def strings(params: Params, name: str) -> list[str]:
    """An array parameter, `name[]=a&name[]=b` or `name[0]=a`."""
    value = params.get(name, {})
    if not isinstance(value, dict):
        raise StripeError(400, "Invalid array", param=name)
    return [str(item) for item in value.values()]


def bounds(params: Params, name: str) -> dict[str, int]:
    """`created=N` or `created[gte]=N` and the like, as {operator: seconds}."""
    value = params.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        exact = integer(params, name)
        return {} if exact is None else {"gte": exact, "lte": exact}
    result = {}
    for operator in value:
        if operator not in BOUNDS:
            raise unknown_param(f"{name}[{operator}]")
        number = integer(value, operator)
        if number is not None:
            result[operator] = number
    return result
