"""The text of `api.py`: a type for each component, a method for each operation."""

from collections.abc import Iterator, Mapping
from typing import Any

from payouts_site.openapi_client.types import component, snake, type_of

Document = Mapping[str, Any]
_HEAD = '''"""Generated from the OpenAPI document by `./dev client`. Do not edit."""

# ruff: noqa: D101
from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast
from urllib.parse import quote

from paidonce.http import Http

'''
_CLASS = '''
class PaidOnce(Http):
    """Every operation of the API. Keyword `idempotency_key`: your own key, so that a crash of yours may try again."""
'''


def client_source(document: Document) -> str:
    """The whole module, not yet formatted."""
    parts = [_HEAD]
    parts += [
        component(name, one)
        for name, one in document["components"]["schemas"].items()
        if one.get("enum") != [None]
    ]
    parts.append(_CLASS)
    parts += [_method(*operation) for operation in _operations(document)]
    return "\n".join(parts)


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            yield verb.upper(), path, operation


def _method(verb: str, path: str, operation: Document) -> str:
    parameters = operation.get("parameters", [])
    inside = [one for one in parameters if one["in"] == "path"]
    query = [one for one in parameters if one["in"] == "query"]
    body = _body_type(operation)
    positional = [f"{one['name']}: {type_of(one['schema'])}" for one in inside]
    positional += [f"body: {body}"] if body else []
    keywords = [_keyword(one) for one in query]
    passed = [f"query={{{', '.join(_pair(one['name']) for one in query)}}}"] if query else []
    passed += ["body=body"] if body else []
    for header, name in (("If-Match", "if_match"), ("Idempotency-Key", "idempotency_key")):
        if any(one["name"] == header for one in parameters):
            keywords.append(f"{name}: str | None = None")
            passed.append(f"{name}={name}")
    signature = ", ".join(["self", *positional, *(["*", *keywords] if keywords else [])])
    answer = _answer_type(operation)
    call = ", ".join([f'"{verb}"', _address(path, inside), *passed])
    name = snake(operation["operationId"])
    text = " ".join(str(operation.get("description") or name).split("\n")[0].split())
    return (
        f"    def {name}({signature}) -> {answer}:\n"
        f'        """{text[:110]}"""\n'
        f"        return cast({answer!r}, self._call({call}))\n"
    )


def _pair(name: str) -> str:
    return f'"{name}": {name}'


def _keyword(parameter: Document) -> str:
    return f"{parameter['name']}: {type_of(parameter['schema'])} | None = None"


def _address(path: str, inside: list[Document]) -> str:
    if not inside:
        return f'"{path}"'
    for one in inside:
        name = one["name"]
        path = path.replace(f"{{{name}}}", f"{{quote(str({name}), safe='')}}")
    return f'f"{path}"'


def _body_type(operation: Document) -> str:
    content = (operation.get("requestBody") or {}).get("content", {})
    return type_of(content["application/json"]["schema"]) if content else ""


def _answer_type(operation: Document) -> str:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            content = answer.get("content", {})
            return type_of(content["application/json"]["schema"]) if content else "Any"
    return "Any"
