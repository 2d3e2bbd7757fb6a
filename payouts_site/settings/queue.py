"""The broker and Celery: ids only, no ETA, no retries, results ignored (ARCHITECTURE.md says why)."""

from datetime import timedelta

from payouts_site.settings.environment import env
from payouts_site.settings.timers import RECONCILE_INTERVAL_SECONDS, WATCH_INTERVAL_SECONDS

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Another broker in its place: amqp://… is RabbitMQ. Nothing but wake-up messages travels through it.
BROKER_URL = env.str("BROKER_URL", default="")
CELERY_BROKER_URL = BROKER_URL or REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", default=32)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "payouts_site.beat:LivingScheduler"

# First values only: the schedule lives in the database and is edited in the console.
CELERY_BEAT_SCHEDULE = {
    "seal the audit log": {"task": "audit.seal", "schedule": timedelta(minutes=1)},
    "forget old idempotency keys": {
        "task": "guard.purge_idempotency",
        "schedule": timedelta(hours=1),
    },
    # Only shown: a round that could not begin before the next one is dropped.
    "read balances": {
        "task": "transfers.read_balances",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "refresh quotes": {"task": "payouts.refresh_quotes", "schedule": timedelta(seconds=15)},
    # A round that a busy worker has not begun by the next one is dropped: the next one reads the same.
    "watch incoming payments": {
        "task": "checkout.watch_payments",
        "schedule": timedelta(seconds=WATCH_INTERVAL_SECONDS),
        "options": {"expires": WATCH_INTERVAL_SECONDS},
    },
    "reconcile checkout sessions": {
        "task": "checkout.reconcile_sessions",
        "schedule": timedelta(seconds=RECONCILE_INTERVAL_SECONDS),
        "options": {"expires": RECONCILE_INTERVAL_SECONDS},
    },
}
