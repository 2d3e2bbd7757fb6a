"""The rail that pays crew: Stripe Connect."""

from payouts_site.settings.environment import env

STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_MAX_PER_SECOND = env.float("STRIPE_MAX_PER_SECOND", default=25)
