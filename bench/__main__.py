"""`./dev bench [names] [--quick]`: measure, print one table, keep it in .run/bench/latest.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import django

from bench.databases import fresh_database
from bench.measure import Effort, Line, table

RESULTS = Path(__file__).resolve().parent.parent / ".run" / "bench" / "latest.json"
# Each is a module with `measure(url, effort)`; imported only once Django knows its database.
NAMES = ("door", "http", "crew", "pay", "waking", "dispatch", "lists", "queue", "checkout")


def run(names: Sequence[str], effort: Effort) -> list[Line]:
    """Measure in a database of this run's own."""
    with fresh_database("main") as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        django.setup()
        lines: list[Line] = []
        for name in names:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            fresh = import_module(f"bench.{name}").measure(url, effort)
            for line in fresh:
                print("  " + " | ".join(line.cells()), file=sys.stderr, flush=True)
            lines += fresh
    return lines


def keep(lines: Sequence[Line], effort: Effort) -> None:
    """As JSON, for whoever compares two runs."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "effort": effort,
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "lines": [line.as_dict() for line in lines],
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 when a full run misses a target."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: a rough idea, sooner")
    parser.add_argument("--smoke", action="store_true", help="only show that everything runs")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    effort: Effort = "smoke" if options.smoke else "quick" if options.quick else "full"
    lines = run(options.names or NAMES, effort)
    if effort != "smoke":
        keep(lines, effort)
    print(table(lines))
    missed = any(line.reached is False for line in lines)
    return 1 if missed and effort == "full" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
