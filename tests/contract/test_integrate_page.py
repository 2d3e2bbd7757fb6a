"""docs/integrate.md is what it says: its code blocks, and nothing else, from a token to a verified webhook."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from payouts_site.dev import embedded
from tests.sandbox_process import ROOT
from tests.stack import Stack
from transfers.models import Booking, Transfer
from webhooks.models import WebhookDelivery

PAGE = ROOT / "docs" / "integrate.md"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> tuple[str, dict[str, str]]:
    """The shell's blocks as one script, and each Python block by the name in its first line."""
    found = _BLOCK.findall(PAGE.read_text())
    script = "\n".join(text for kind, text in found if kind == "sh")
    files = [text for kind, text in found if kind == "python"]
    return script, {text.split("\n")[0].removeprefix("# "): text for text in files}


def test_it_has_ten_steps() -> None:
    steps = re.findall(r"^\*\*(\d+)\.", PAGE.read_text(), re.MULTILINE)
    assert steps == [str(number) for number in range(1, 11)]
    assert set(blocks()[1]) == {"receiver.py", "pay.py", "library.py"}


@pytest.mark.django_db(transaction=True)
def test_a_new_integrator_gets_from_a_token_to_a_verified_webhook(tmp_path: Path) -> None:
    script, files = blocks()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    # The page's ./dev finds the services of `./dev up`; this one those of the test.
    dev = tmp_path / "dev"
    dev.write_text(f'#!/bin/sh\nshift\nexec python "{ROOT / "manage.py"}" "$@"\n')
    dev.chmod(0o755)
    if shutil.which("curl") is None:
        curl = tmp_path / "curl"
        curl.write_text(f'#!/bin/sh\nexec python "{ROOT / "tests/contract/curl.py"}" "$@"\n')
        curl.chmod(0o755)
    with Stack(environment={"WEBHOOK_PRIVATE_HOSTS": "127.0.0.1"}) as stack:
        environment = stack.environment() | {
            "API": stack.web_url,
            "PORT": str(embedded.free_port()),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:{tmp_path}",
            "PYTHONPATH": str(ROOT / "clients" / "python"),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "paid HELLO-2 transfer.success" in done.stdout
    assert sorted(Booking.objects.values_list("reference", "paid_minor")) == [
        ("HELLO-1", 75_000),
        ("HELLO-2", 75_000),
    ]
    assert Transfer.objects.filter(source_reference="HELLO-1", status="success").count() == 2
    assert WebhookDelivery.objects.filter(state="delivered").count() >= 2


def test_the_receiver_believes_only_what_is_signed() -> None:
    """The page's ten lines against the library: the same answer, also to a forged, altered and old message."""
    lines = blocks()[1]["receiver.py"].split("class Receiver")[0]
    verified, by_library = _function(lines), _function(blocks()[1]["library.py"])
    secret, body = "whsec_" + "c2VjcmV0" * 4, b'{"type": "transfer.success"}'
    now = int(time.time())
    for sent_at, sent, good in (
        (now, body, True),
        (now, body + b" ", False),
        (now - 600, body, False),
    ):
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(sent_at),
            "webhook-signature": f"v1,{_signature(secret, sent_at, body)} v1,{'A' * 44}",
        }
        assert verified(secret, headers, sent) is good
        if good:
            assert by_library(secret, headers, sent) == {"type": "transfer.success"}
        else:
            with pytest.raises(WebhookVerificationError):
                by_library(secret, headers, sent)


def _function(source: str) -> Callable[..., Any]:
    """`verified` of a block of the page."""
    page: dict[str, Any] = {}
    exec(compile(source, "integrate.md", "exec"), page)
    found: Callable[..., Any] = page["verified"]
    return found


def _signature(secret: str, sent_at: int, body: bytes) -> str:
    at = datetime.fromtimestamp(sent_at, UTC)
    return Webhook(secret).sign("evt_1", at, body.decode()).partition(",")[2]
