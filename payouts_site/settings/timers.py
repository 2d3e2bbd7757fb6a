"""How often and for how long, in seconds."""

from django.core.exceptions import ImproperlyConfigured

from payouts_site.settings.environment import env

SWEEP_INTERVAL_SECONDS = env.float("SWEEP_INTERVAL_SECONDS", default=10)
LEASE_SECONDS = env.float("LEASE_SECONDS", default=120)
RAIL_TIMEOUT_SECONDS = env.float("RAIL_TIMEOUT_SECONDS", default=30)
WATCH_INTERVAL_SECONDS = env.float("WATCH_INTERVAL_SECONDS", default=5)
STALE_SESSION_SECONDS = env.float("STALE_SESSION_SECONDS", default=300)
RECONCILE_INTERVAL_SECONDS = env.float("RECONCILE_INTERVAL_SECONDS", default=300)
PROBE_DELAYS_SECONDS = [
    float(delay) for delay in env.list("PROBE_DELAYS_SECONDS", default=[5, 15, 60, 300, 3600])
]
if RAIL_TIMEOUT_SECONDS * 2 > LEASE_SECONDS:
    raise ImproperlyConfigured(
        "RAIL_TIMEOUT_SECONDS must be at most half of LEASE_SECONDS: a call that outlives its lease "
        "could meet the next worker's call."
    )
