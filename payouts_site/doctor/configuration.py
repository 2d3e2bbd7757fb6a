"""What the environment says: complete, well-formed, and fit for production."""

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings

from payouts_site import observe
from payouts_site.doctor.line import Check, Line, fail, ok, warn

_LONG_ENOUGH: Final = 32


def _production() -> Iterator[Line]:
    """Only warnings in development: there nobody outside is meant to reach it."""
    bad = warn if settings.DEBUG else fail
    if settings.DEBUG:
        yield warn("DEBUG", "on: this is development", "unset DEBUG in production")
    else:
        yield ok("DEBUG", "off")
    weak = len(settings.SECRET_KEY) < _LONG_ENOUGH or settings.SECRET_KEY.startswith("development")
    yield (
        bad("SECRET_KEY", "short or a default", "set a random one of 50 characters or more")
        if weak
        else ok("SECRET_KEY", f"{len(settings.SECRET_KEY)} characters")
    )
    if "*" in settings.ALLOWED_HOSTS:
        yield bad("ALLOWED_HOSTS", "anything", "name the hosts")
    if settings.PUBLIC_URL.startswith("https://"):
        yield ok("PUBLIC_URL", "https: secure cookies and HSTS")
    else:
        yield warn("PUBLIC_URL", "not https", "set it to the https address that people use")


def _time() -> Iterator[Line]:
    if settings.USE_TZ and settings.TIME_ZONE == "UTC":
        yield ok("time zone", "UTC")
    else:
        yield fail(
            "time zone", settings.TIME_ZONE, "times are kept in UTC: do not change TIME_ZONE"
        )


def _timers() -> Iterator[Line]:
    lease, rail = settings.LEASE_SECONDS, settings.RAIL_TIMEOUT_SECONDS
    text = f"lease {lease:g} s, rail {rail:g} s, sweep {settings.SWEEP_INTERVAL_SECONDS:g} s"
    if lease >= 2 * rail:
        yield ok("timers", text)
    else:
        yield fail("timers", text, "LEASE_SECONDS is at least twice RAIL_TIMEOUT_SECONDS")


def _stripe() -> Iterator[Line]:
    key, secret = settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET
    if not key:
        yield warn("Stripe", "off: no STRIPE_API_KEY", "set it to pay crews")
        return
    if not key.startswith(("sk_", "rk_")):
        yield fail("STRIPE_API_KEY", "no secret or restricted key", "it begins with sk_ or rk_")
    elif "_test_" in key and not settings.DEBUG:
        yield warn("STRIPE_API_KEY", "a key of test mode", "use the live key to move money")
    else:
        yield ok("STRIPE_API_KEY", "set")
    if secret.startswith("whsec_") and len(secret) > len("whsec_"):
        yield ok("STRIPE_WEBHOOK_SECRET", "set")
    elif secret:
        yield fail("STRIPE_WEBHOOK_SECRET", "malformed", "it begins with whsec_")
    else:
        yield fail(
            "STRIPE_WEBHOOK_SECRET", "missing", "copy whsec_… of the endpoint /webhooks/stripe"
        )


def _wise() -> Iterator[Line]:
    given = bool(settings.WISE_API_TOKEN), bool(settings.WISE_PROFILE_ID)
    if not any(given):
        yield warn("Wise", "off: no WISE_API_TOKEN", "set it to pay bank accounts")
        return
    if all(given) and settings.WISE_PROFILE_ID.isdecimal():
        yield ok("Wise", "token and profile are set")
    else:
        yield fail("Wise", "half configured", "set WISE_API_TOKEN and WISE_PROFILE_ID, a number")
    pem = settings.WISE_WEBHOOK_PUBLIC_KEY.replace("\\n", "\n")
    if not pem:
        yield warn(
            "WISE_WEBHOOK_PUBLIC_KEY",
            "missing: all of Wise's messages are refused",
            "set Wise's public key; until then outcomes are found by asking",
        )
        return
    try:
        load_pem_public_key(pem.encode())
    except ValueError:
        yield fail("WISE_WEBHOOK_PUBLIC_KEY", "no key", "it is PEM, its line breaks written as \\n")
    else:
        yield ok("WISE_WEBHOOK_PUBLIC_KEY", "a public key")


def _keys() -> Iterator[Line]:
    if settings.RECIPIENT_KEYS:
        yield ok("RECIPIENT_KEYS", f"{len(settings.RECIPIENT_KEYS)} set")
    else:
        yield warn(
            "RECIPIENT_KEYS",
            "made from SECRET_KEY",
            "set one of its own, so that SECRET_KEY can be changed (docs/runbooks/rotate-secrets.md)",
        )
    if settings.METRICS_TOKEN:
        yield ok("METRICS_TOKEN", "set")
    else:
        yield ok("METRICS_TOKEN", "not set: /metrics is for this machine only")


def _observe() -> Iterator[Line]:
    """An address that is malformed or has nobody to send there reports nothing, and says so nowhere else."""
    for setting, package in observe.PACKAGES.items():
        address = urlsplit(getattr(settings, setting))
        if not address.geturl():
            yield ok(setting, "not set: nothing is sent")
        elif not observe.is_installed(setting):
            todo = (
                "install requirements-observe.lock (an image: build it with OBSERVE=1), or unset it"
            )
            yield fail(setting, f"set, and {package} is not installed", todo)
        elif address.scheme in ("http", "https") and address.hostname:
            yield ok(setting, f"to {address.hostname}")
        else:
            yield fail(setting, "no address", "it begins with https://")


def _pool() -> Iterator[Line]:
    options = settings.DATABASES["default"].get("OPTIONS", {})
    size = int(options.get("pool", {}).get("max_size", 0))
    web = int(os.environ.get("WEB_THREADS") or 8)
    text = f"{size} connections a process for {web} web threads"
    if size >= web:
        yield ok("connection pool", text)
    else:
        yield warn(
            "connection pool", text, "raise DATABASE_POOL_SIZE, or requests meet 503 under load"
        )


CHECKS: Final[tuple[Check, ...]] = (
    _production,
    _time,
    _timers,
    _stripe,
    _wise,
    _keys,
    _observe,
    _pool,
)
