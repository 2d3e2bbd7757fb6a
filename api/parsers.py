"""JSON bodies, read strictly: what cannot be a sensible request is 400 `invalid_json`, never a server error."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils import json


class StrictJSONParser(JSONParser):
    """Bounded in size and depth.

    DRF reads the stream past Django's own limit, and Python's decoder recurses for each level, so that a few
    kilobytes of `[` would end in RecursionError.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {}).get("request")
        length = int(request.META.get("CONTENT_LENGTH") or 0) if request is not None else 0
        limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and length > limit:
            raise RequestDataTooBig(f"The body is larger than {limit} bytes.")
        try:
            text = stream.read().decode()
            return json.loads(text, parse_constant=json.strict_constant, object_pairs_hook=_members)
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that is there twice means one thing to us and another to whoever checked the body before us."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a member twice")
    return members
