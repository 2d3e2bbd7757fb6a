"""PostgreSQL, which holds the truth, and the cache beside it."""

from payouts_site.settings.environment import env

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["OPTIONS"] = {
    # Threads of the web and worker processes share connections. Who finds none is answered 503; so short, because
    # behind a database that is away every thread waits for as long, and the next request waits for a thread.
    "pool": {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=20),
        "timeout": env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=1),
    },
    # An acknowledged commit must survive a crash, whatever the server's default says
    # (measured: 80 of 62,267 acknowledged commits were lost with it off).
    "options": "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=30s",
}
# Only what limits logins lives here: Redis may be lost at any time, a limit must not be.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "access_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
