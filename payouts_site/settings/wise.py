"""The rail that pays bank accounts: Wise."""

from django.core.exceptions import ImproperlyConfigured

from payouts_site.settings.environment import env

WISE_API_TOKEN = env.str("WISE_API_TOKEN", default="")
WISE_API_BASE = env.str("WISE_API_BASE", default="https://api.wise.com")
WISE_API_FAMILY = env.str("WISE_API_FAMILY", default="legacy")
WISE_PROFILE_ID = env.str("WISE_PROFILE_ID", default="")
WISE_SOURCE_CURRENCY = env.str("WISE_SOURCE_CURRENCY", default="USD")
# A PEM in one line has its line breaks written as \n.
WISE_WEBHOOK_PUBLIC_KEY = env.str("WISE_WEBHOOK_PUBLIC_KEY", default="", multiline=True)
WISE_MAX_PER_SECOND = env.float("WISE_MAX_PER_SECOND", default=10)
if WISE_API_FAMILY not in ("legacy", "calendar"):
    raise ImproperlyConfigured("WISE_API_FAMILY is legacy or calendar.")
