"""Holds answers against the OpenAPI file that the product publishes: every member declared, none missing."""

import re
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def document() -> dict[str, Any]:
    """The published file, with two changes for JSON Schema: `nullable` spelt out, and no undeclared members."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    closed: dict[str, Any] = _strict(schema)
    return closed


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    strict = {name: _strict(one) for name, one in node.items()}
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        strict["additionalProperties"] = False
    if strict.pop("nullable", False) is True:
        return {"anyOf": [strict, {"type": "null"}]}
    return strict


def operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The path template and the operation that answers `method path`. Raises LookupError for an undeclared one."""
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return template, operations[method.lower()]
    raise LookupError(f"{method} {path} is not in the OpenAPI file")


def check(response: Any, method: str, path: str) -> None:
    """Raise unless this answer is one that the OpenAPI file announces for the operation."""
    template, declared = operation(method, path)
    answers = declared["responses"]
    status = str(response.status_code)
    assert status in answers, f"{method} {template} does not announce {status}"
    answer = answers[status]
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type in answer["content"], (
        f"{method} {template} {status} announces no {media_type}"
    )
    schema = {**answer["content"][media_type]["schema"], "components": document()["components"]}
    errors = [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message}"
        for one in Draft202012Validator(schema).iter_errors(response.json())
    ]
    assert not errors, f"{method} {template} {status}: {errors[:5]}"
