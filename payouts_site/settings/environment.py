"""Where variables come from, which ones must be set, and this installation's addresses.

Production (DEBUG unset or false) refuses to start without the variables it cannot guess, and names them.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
# `./dev up` writes the addresses of its own servers here; what the environment says wins.
environ.Env.read_env(
    env.str("PAIDONCE_SERVICES_FILE", default=str(BASE_DIR / ".run" / "services.env")),
    overwrite=False,
)

DEBUG = env.bool("DEBUG", default=False)

_REQUIRED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS")
_missing = [name for name in _REQUIRED if not env.str(name, default="")]
if "REDIS_URL" in _missing and env.str("BROKER_URL", default=""):
    _missing.remove("REDIS_URL")
if DEBUG and "DATABASE_URL" not in _missing:
    _missing = []
if _missing:
    raise ImproperlyConfigured(
        f"Set {', '.join(_missing)}. For development without any of them run ./dev up, "
        "which starts its own PostgreSQL and Redis."
    )

SECRET_KEY = env.str("SECRET_KEY", default="development-only-not-a-secret")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
