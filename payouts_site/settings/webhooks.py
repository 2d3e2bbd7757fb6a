"""Webhooks out."""

from payouts_site.settings.environment import DEBUG, env

# Hosts that webhooks may be sent to although they are not public, and over http: for development and tests only.
WEBHOOK_PRIVATE_HOSTS = env.list(
    "WEBHOOK_PRIVATE_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else []
)
