"""What `./dev up` prints once everything runs: addresses, logins, the API token, what to try."""

import json
import os
from typing import Any

from payouts_site.dev.places import ROOT
from payouts_site.dev.programs import LOGS
from payouts_site.dev.terminal import say


def last_json_object(lines: list[str]) -> dict[str, Any]:
    """The last line that is a JSON object, decoded; log lines may stand around it."""
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def show_welcome(settings: dict[str, str], demo: dict[str, Any]) -> None:
    """Print the address, the logins, the token and what to try."""
    url = settings["PUBLIC_URL"]
    say(f"\nPaidOnce is running at {url}/")
    rows = [("console", f"{url}/admin/"), ("API", f"{url}/api/v1/docs/")]
    if sandbox := settings.get("SANDBOX_URL"):
        wallet = [("customer wallet", f"{sandbox}/wallet")] * ("SANDBOX_HORIZON_URL" in settings)
        rows += [("sandbox rails", sandbox), *wallet]
    rows.append(("logs", os.path.relpath(LOGS, ROOT)))
    for name, value in rows:
        say(f"  {name:<16}{value}")
    if demo.get("logins"):
        say("\nLogins")
        for login in demo["logins"]:
            say(f"  {login['username']:<16}{login['password']:<20}{login['role']}")
    if demo.get("api_token"):
        say(f"\nAPI token\n  {demo['api_token']}")
    if demo.get("try"):
        say("\nTry")
        for line in demo["try"]:
            say(f"  - {line}")
    say("\nCtrl-C stops everything; the data stays.")
