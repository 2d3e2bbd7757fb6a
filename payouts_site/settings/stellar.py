"""Stellar, through Horizon, and the sandbox's wallet that pays on it in development."""

from django.core.exceptions import ImproperlyConfigured

from payouts_site.settings.environment import env
from payouts_site.settings.stellar_assets import asset_issuers

# Stellar is on once HORIZON_URL is set. Payments come in at the receiving account and go out from the treasury.
HORIZON_URL = env.str("HORIZON_URL", default="")
STELLAR_NETWORK_PASSPHRASE = env.str("STELLAR_NETWORK_PASSPHRASE", default="")
STELLAR_RECEIVING_ACCOUNT = env.str("STELLAR_RECEIVING_ACCOUNT", default="")
STELLAR_TREASURY_SECRET = env.str("STELLAR_TREASURY_SECRET", default="")
# Code -> issuer of each asset that payouts may use by its code; XLM is always the native one.
STELLAR_ASSETS = asset_issuers(env.list("STELLAR_ASSETS", default=[]))
# How many transactions may be under way at once, one per channel. Without secrets of their own for
# the channels the treasury itself is the only source.
STELLAR_CHANNELS = env.int("STELLAR_CHANNELS", default=1)
STELLAR_CHANNEL_SECRETS = env.list("STELLAR_CHANNEL_SECRETS", default=[])
STELLAR_MAX_PER_SECOND = env.float("STELLAR_MAX_PER_SECOND", default=10)
# How long a ledger may still take a transaction after it is signed, on the ledger's clock; until then an outcome that
# nobody knows stays so. The margin is for several Horizons behind one address.
STELLAR_TX_SECONDS = env.int("STELLAR_TX_SECONDS", default=300)
STELLAR_PROOF_MARGIN_SECONDS = env.int("STELLAR_PROOF_MARGIN_SECONDS", default=15)
# The most that one payment may cost in fees; what is charged is the ledger's going rate.
STELLAR_MAX_FEE_STROOPS = env.int("STELLAR_MAX_FEE_STROOPS", default=10_000)
# Where the sandbox's control pages are, in development: its wallet pays checkout sessions.
SANDBOX_URL = env.str("SANDBOX_URL", default="")
_IS_SANDBOX_NETWORK = (
    bool(HORIZON_URL) and env.str("SANDBOX_HORIZON_URL", default="") == HORIZON_URL
)
SANDBOX_WALLET_URL = f"{SANDBOX_URL}/wallet" if SANDBOX_URL and _IS_SANDBOX_NETWORK else ""
if HORIZON_URL and not STELLAR_NETWORK_PASSPHRASE:
    raise ImproperlyConfigured(
        "HORIZON_URL needs STELLAR_NETWORK_PASSPHRASE: which network a signature is for is never guessed."
    )
