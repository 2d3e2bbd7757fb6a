"""The command: every safeguard, or those whose names hold the given words."""

import argparse
import os
import sys
import time

from tests import guards
from tests.guards.guard import Guard
from tests.guards.removal import ROOT, drop_databases, prove, run_test


def main() -> int:
    """Exit status 1 if a removal goes unnoticed, or if a named test fails with every safeguard in place."""
    parser = argparse.ArgumentParser(prog="./dev test-guards", description=guards.__doc__)
    parser.add_argument("only", nargs="*", help="words of the names of the safeguards to try")
    words = parser.parse_args().only
    chosen = [guard for guard in guards.GUARDS if all(word in guard.name for word in words)]
    say = sys.stdout.write
    say(f"{len(chosen)} safeguards; first their tests with all of them in place\n")
    tests = " ".join(dict.fromkeys(guard.test for guard in chosen))
    try:
        code, said = run_test(tests, ROOT, database=f"guards_{os.getpid()}", reuse=True)
        if code:
            say(f"They do not pass as it is:\n{said}\n")
            return 1
        return prove_all(chosen)
    finally:
        drop_databases()


def prove_all(chosen: list[Guard]) -> int:
    """Try each and print a line for it; 1 if a removal went unnoticed."""
    say = sys.stdout.write
    unnoticed = 0
    for guard in chosen:
        began = time.monotonic()
        noticed, how = prove(guard)
        unnoticed += not noticed
        say(f"{guard.name:<62} {how:<12} {time.monotonic() - began:5.1f} s  {guard.test}\n")
        sys.stdout.flush()
    say(f"{len(chosen) - unnoticed} of {len(chosen)} removals were noticed\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
