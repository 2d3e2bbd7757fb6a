"""`python -m sandbox.horizon.wallet [TRICK] …`: a customer pays a checkout session, well or badly.

Talks to a running sandbox (SANDBOX_URL, or --sandbox). What to pay comes from a payment link
(web+stellar:pay?… or a wallet page's address) or from --memo, --amount, --asset, --to.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.horizon.tricks import TRICKS

NAMES = ("destination", "amount", "memo", "asset", "asset_code", "asset_issuer")
POLL_SECONDS = 0.2
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RefusedError(Exception):
    """The sandbox says no, or is not there."""


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="wallet", description=__doc__, epilog="tricks: " + "; ".join(
        f"{trick.name} ({trick.story})" for trick in TRICKS.values()
    ))  # fmt: skip
    parser.add_argument("trick", nargs="?", default="pay", choices=[*TRICKS], metavar="TRICK")
    parser.add_argument("--link", help="web+stellar:pay?destination=…&amount=…&memo=…&asset_code=…")
    parser.add_argument("--to", dest="destination", help="G… or M…; else the receiving account")
    parser.add_argument("--memo", help="the session's memo")
    parser.add_argument("--amount", help="for example 12.50")
    parser.add_argument("--asset", help="native, USDC, EURC or CODE:ISSUER")
    parser.add_argument("--seconds", type=int, default=60, help="how much later `late` pays")
    parser.add_argument(
        "--others", default="", help="what `several` pays besides: ADDRESS AMOUNT [ASSET],…"
    )
    parser.add_argument("--wait", type=float, default=30, help="seconds to wait for the ledger")
    parser.add_argument("--sandbox", default=os.environ.get("SANDBOX_URL", ""), help="its address")
    return parser.parse_args(given)


def asked(options: argparse.Namespace) -> dict[str, Any]:
    """The body of the call: the link's values, overridden by the options."""
    values: dict[str, Any] = {}
    if options.link:
        query = parse_qs(urlsplit(options.link).query)
        values = {name: query[name][0] for name in NAMES if name in query}
    for name in NAMES[:4]:
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    return values | {
        "trick": options.trick,
        "seconds": options.seconds,
        "others": options.others,
    }


def call(url: str, values: dict[str, Any] | None = None) -> Any:
    """A call of the control door. Raises RefusedError."""
    body = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with OPENER.open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusedError(json.load(error).get("error", f"HTTP {error.code}")) from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"no sandbox with Horizon at {url}: {error}") from error


def became(door: str, digest: str, seconds: float) -> str:
    """Wait for the ledger: applied, failed, or waiting."""
    deadline = time.monotonic() + seconds
    while True:
        state: str = call(f"{door}wallet/{digest}")["state"]
        if state in ("applied", "failed") or time.monotonic() > deadline:
            return state
        time.sleep(POLL_SECONDS)


def main(given: list[str] | None = None) -> int:
    """Exit status: 0 when everything has been sent, 1 when the sandbox refuses."""
    options = arguments(sys.argv[1:] if given is None else given)
    door = f"{options.sandbox.rstrip('/')}/_sandbox/horizon/"
    try:
        if not options.sandbox:
            raise RefusedError("set SANDBOX_URL or give --sandbox (./dev wallet does it for you)")
        for sent in call(f"{door}wallet/pay", asked(options))["transactions"]:
            wait = options.wait + (options.seconds if options.trick == "late" else 0)
            state = became(door, sent["hash"], wait)
            paid = ", ".join(
                f"{p['amount']} {p['asset'].partition(':')[0]} to {p['to'][:6]}…{p['to'][-4:]}"
                for p in sent["payments"]
            )
            sys.stdout.write(f"{sent['hash']}  {state:<8} memo {sent['memo'] or '-'}: {paid}\n")
            sys.stdout.flush()
    except RefusedError as error:
        sys.stderr.write(f"wallet: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
