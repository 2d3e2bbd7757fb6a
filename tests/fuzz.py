"""`python -m tests.fuzz` (`./dev fuzz`): schemathesis over the whole OpenAPI file, as every role and as nobody.

The real product on a database of its own: web, a worker, the sandbox. A case fails on any 5xx, on a status, a header or
a shape that the file does not describe, and on an error that is no problem document.
"""

import argparse
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command
from django.test import override_settings

from payouts_site.dev.terminal import say
from payouts_site.dev.throwaway import without_proxy
from tests.sandbox_process import SandboxProcess
from tests.stack import Stack

ROLES = ("super_admin", "operator", "auditor", "integrator")
NOBODY = "anonymous"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method"
)
_CASES = re.compile(r"(\d[\d,]*) (?:generated|test cases?)")


@contextmanager
def every_rail() -> Iterator[Stack]:
    """Web and a worker with all three rails behind them: a paused rail answers 503, which would hide what it pauses."""
    with SandboxProcess(wise=True, horizon=True) as sandbox:
        network = sandbox.horizon.network
        environment = {
            "WISE_API_BASE": sandbox.wise_url,
            "WISE_API_TOKEN": "sandbox",
            "WISE_PROFILE_ID": "28891298",
            "HORIZON_URL": sandbox.horizon_url,
            "STELLAR_NETWORK_PASSPHRASE": network["passphrase"],
            "STELLAR_RECEIVING_ACCOUNT": network["accounts"]["receiving"],
            "STELLAR_TREASURY_SECRET": network["treasury_secret"],
            "STELLAR_ASSETS": ",".join(network["assets"]),
        }
        with Stack(environment=environment) as stack:
            yield stack


def something_to_find(stack: Stack, folder: Path) -> None:
    """The demo's objects, so that links lead from a list to one of it and to what is done with it."""
    secret = stack.environment()["SECRET_KEY"]  # bank details are encrypted under it
    with override_settings(DEBUG=True, SECRET_KEY=secret), redirect_stdout(io.StringIO()):
        call_command("seed_demo", state=folder / "demo.json")


def token_of(role: str) -> str:
    """A token of a new person of that role."""
    os.environ["FUZZ_PASSWORD"] = "a long enough passphrase of the fuzzer"
    call_command("create_operator", f"fuzz-{role}", role=role, password_env="FUZZ_PASSWORD")
    out = io.StringIO()
    call_command("create_api_token", f"fuzz-{role}", stdout=out)
    return out.getvalue().split()[-1]


def attack(url: str, token: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    """One run of schemathesis against a running web server; its exit code is 0 when no case failed."""
    header = [] if token is None else ["--header", f"Authorization: Bearer {token}"]
    with TemporaryDirectory() as folder:
        return subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/v1/schema/"),
                *("--checks", CHECKS, "--continue-on-failure", "--suppress-health-check", "all"),
                *("--no-color", *header, *options),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=os.environ | without_proxy(os.environ),
        )


def cases_in(said: str) -> int:
    """How many cases a run made."""
    return sum(int(number.replace(",", "")) for number in _CASES.findall(said)[:1])


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return 1 when any case failed."""
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("--examples", type=int, default=40, help="cases per operation and role")
    parser.add_argument("--role", action="append", choices=[*ROLES, NOBODY])
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args(arguments)
    django.setup()
    with redirect_stdout(io.StringIO()):
        call_command("migrate", verbosity=0)
    report = Path(".run/fuzz")
    report.mkdir(parents=True, exist_ok=True)
    options = ["--max-examples", str(chosen.examples)]
    options += [] if chosen.seed is None else ["--seed", str(chosen.seed)]
    failed, cases = [], 0
    with every_rail() as stack:
        something_to_find(stack, report)
        for role in chosen.role or [*ROLES, NOBODY]:
            token = None if role == NOBODY else token_of(role)
            done = attack(stack.web_url, token, *options)
            (report / f"{role}.txt").write_text(done.stdout + done.stderr)
            made = cases_in(done.stdout)
            cases += made
            failed += [role] if done.returncode else []
            say(f"  {role:<14} {made:>7} cases  {'FAILED' if done.returncode else 'ok'}")
    say(f"{cases} cases; reports in {report}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
