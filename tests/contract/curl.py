"""curl, as far as docs/integrate.md uses it, where there is none: a bare Debian has to be enough for the tests."""

import argparse
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> int:
    """The body on standard output; 22 for an error status, as curl's --fail-with-body."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("-s", "-S", "-sS", action="store_true", dest="silent")
    parser.add_argument("--fail-with-body", action="store_true", required=True)
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    asked = parser.parse_args()
    request = urllib.request.Request(
        asked.url,
        data=None if asked.body is None else _body(asked.body),
        headers=dict(header.split(": ", 1) for header in asked.headers),
        method=asked.method,
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=30) as response:
            sys.stdout.write(response.read().decode())
    except urllib.error.HTTPError as refused:
        sys.stdout.write(refused.read().decode())
        return 22
    return 0


def _body(given: str) -> bytes:
    return Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()


if __name__ == "__main__":
    sys.exit(main())
