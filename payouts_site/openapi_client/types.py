"""JSON Schema as Python types."""

import keyword
import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_NULL = "NullEnum"  # the document's name for a null among other values
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def type_of(schema: Schema) -> str:
    """The annotation for one schema, by name where it is a component."""
    text = _type_of(schema)
    return f"{text} | None" if schema.get("nullable") and "None" not in text else text


def _type_of(schema: Schema) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return "None" if name == _NULL else name
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            kinds = [kind for one in schema[word] for kind in type_of(one).split(" | ")]
            return " | ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return _literal(schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema['items'])}]"
    if kind in _PLAIN:
        return _PLAIN[str(kind)]
    return "dict[str, Any]" if kind == "object" else "Any"


def _literal(values: list[Any]) -> str:
    shown = [_text(value) for value in values if value is not None]
    parts = [f"Literal[{', '.join(shown)}]"] if shown else []
    return " | ".join([*parts, "None"] if None in values else parts)


def _text(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def component(name: str, schema: Schema) -> str:
    """A TypedDict for an object with known members, an alias for everything else."""
    members = schema.get("properties")
    if schema.get("type") != "object" or not members:
        return f"{name}: TypeAlias = {type_of(schema) or 'None'}\n"
    required = set(schema.get("required", ()))
    kinds = {
        member: type_of(its) if member in required else f"NotRequired[{type_of(its)}]"
        for member, its in members.items()
    }
    if all(member.isidentifier() and not keyword.iskeyword(member) for member in kinds):
        lines = [f"    {member}: {kind}" for member, kind in kinds.items()]
        return "\n".join([f"class {name}(TypedDict):", *lines, ""])
    pairs = ", ".join(f'"{member}": "{kind}"' for member, kind in kinds.items())
    return f'{name} = TypedDict("{name}", {{{pairs}}})\n'


def snake(name: str) -> str:
    """`createBulkTransfers` as `create_bulk_transfers`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
