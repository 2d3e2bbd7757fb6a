"""ETag and If-Match: a version in quotes. A caller that sends If-Match says which version it believes in."""

import re

from django.http import HttpRequest
from rest_framework.request import Request

from guard.errors import Invalid

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')

# The largest value of the column: a version beyond it must be a conflict, not an error of the database.
_NO_VERSION = 2**31 - 1


def etag(version: int) -> str:
    """The ETag of an object's `version`: `"3"`."""
    return f'"{version}"'


def version_from_if_match(request: HttpRequest | Request) -> int | None:
    """The version the caller believes in; None without If-Match or with `*`. Raises Invalid for anything else."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    match = _ETAG.fullmatch(header)
    if match is None:
        raise Invalid('If-Match must be an ETag such as "3".', field="If-Match")
    return min(int(match[1]), _NO_VERSION)
