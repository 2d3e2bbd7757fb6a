"""What a log line may say: no secret, no bank details, and never more than one line."""

import inspect
import io
import json
import logging
from typing import Any

import pytest
import structlog
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_filter

from audit.redact import redact, redact_text
from payouts_site.logs import formatter

SEED = "S" + "ABCDEFGH" * 6 + "ABCDEFG"
SECRETS = {
    "bearer": ("Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543", "8f14e45f"),
    "webhook secret": ("refused whsec_5f4dcc3b5aa765d61d8327deb882cf99 here", "5f4dcc3b"),
    "standard webhooks": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", "MfKQ9r8G"),
    "stripe key": ("key sk_live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39Hq"),
    "stellar seed": (f"seed {SEED}.", SEED),
    "address": ("postgres://paidonce:hunter2hunter2@db:5432/x", "hunter2"),
    "pem": ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", "MIIEvQ"),
    "iban": ("no account DE89370400440532013000 at", "370400440532"),
    "spaced iban": ("GB33 BUKB 2020 1555 5555 55", "1555 5555"),
    "spaced iban before a word": ("DE89 3704 0044 0532 0130 00 at last", "0044 0532"),
    "lower case iban": ("pay de89370400440532013000 now", "370400440532"),
    "account number": ("account 28821822 is closed", "28821822"),
    "sort code": ("sort code 23-14-70 is unknown", "23-14-70"),
    "a row": ("DETAIL:  Failing row contains (7, Otto Muster, x).", "Otto"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_what_looks_like_a_secret_is_masked(name: str) -> None:
    text, secret = SECRETS[name]
    assert secret not in redact_text(text)
    assert secret not in json.dumps(redact({"anything": [{"deep": text}], "b": text.encode()}))


@pytest.mark.parametrize(
    "text",
    [
        "transfer:1234567 took 2026-11-27T10:00:00.123456Z",
        "request 6f2b1a52-6d0c-5c0e-9a53-5c1f7f0f7a11",
        "key po-6f2b1a52-6d0c-5c0e-9a53-5c1f7f0f7a11-a1",
        "booking BK-2048 of Otto Muster, tr_1QabcDEFghi, 450.00 USD",
        "root de45a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact_text(text) == text


def test_telling_names_hide_their_values() -> None:
    given = {"password": "x1", "STRIPE_API_KEY": "x2", "recipient": {"a": "x3"}, "csrftoken": "x4"}
    assert not any(f"x{n}" in json.dumps(redact(given)) for n in range(1, 5))
    kept = {"preview_token": "abc", "recipient_id": 7, "transfer": 12, "ids": [1, 2]}
    assert redact(kept) == kept


@pytest.fixture
def lines() -> Any:
    """Log through a handler as production has it; what was written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(debug=False))
    logger = logging.getLogger("tests.forging")
    logger.addHandler(handler)
    logger.propagate = False
    yield lambda: stream.getvalue().splitlines()
    logger.removeHandler(handler)


FORGED = 'x\r\n{"event":"payout.approved"}\x1b[2J\u2028\u202e\x85'


def test_nobody_forges_a_line(lines: Any) -> None:
    log = structlog.get_logger("tests.forging")
    log.warning("received", name=FORGED, **{"a\nb": FORGED}, nested={"x": [FORGED]})
    logging.getLogger("tests.forging").warning("plain %s", FORGED)
    written = lines()
    assert len(written) == 2
    for line in written:
        assert json.loads(line)["level"] == "warning"
        assert not any(ord(one) < 32 or one in "\u2028\u202e\x85" for one in line)
        assert not any(mark in str(json.loads(line)) for mark in ("\u2028", "\u202e", "\x1b["))


def test_a_traceback_shows_no_variable_and_no_secret(lines: Any) -> None:
    def fail(iban: str) -> None:
        raise ValueError(f"cannot pay {iban} with sk_live_4eC39HqLyjWDarjtT1zdp7dc\nforged")

    try:
        fail("DE89370400440532013000")
    except ValueError:
        logging.getLogger("tests.forging").exception("failed")
    (line,) = lines()
    assert "370400440532" not in line
    assert "4eC39Hq" not in line
    assert "ValueError" in line
    assert "locals" not in json.loads(line)["exception"][0]["frames"][0]


def test_djangos_own_reports_hide_variables_settings_and_posted_values() -> None:
    request = RequestFactory().post(
        "/x", {"iban": "DE89370400440532013000", "note": "sk_test_4eC39"}
    )
    hide: Any = get_exception_reporter_filter(request)
    assert "4eC39" not in str(hide.get_post_parameters(request))
    assert "370400440532" not in str(hide.get_post_parameters(request))
    settings = str(hide.get_safe_settings()["DATABASES"])
    assert "PASSWORD" in settings
    for name in ("SECRET_KEY", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "REDIS_URL"):
        assert "development-only" not in str(hide.get_safe_settings()[name])
    secret = "DE89370400440532013000"
    frame = inspect.currentframe()
    shown = str(hide.get_traceback_frame_variables(request, frame))
    assert "secret" in shown and secret not in shown
