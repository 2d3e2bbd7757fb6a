"""The network that every sandbox has: its passphrase, its assets and who is on it at first.

All keys are made from their names, so that a fresh sandbox is always the same and `./dev up` can be
configured before it runs. They are worth nothing anywhere else.
"""

from __future__ import annotations

from hashlib import sha256

from stellar_sdk import Asset, Keypair, Network

PASSPHRASE = "PaidOnce Sandbox Network ; November 2026"
NETWORK_ID = Network(PASSPHRASE).network_id()
OTHER_PASSPHRASE = Network.TESTNET_NETWORK_PASSPHRASE

STROOPS = 10_000_000
MAX_STROOPS = 2**63 - 1
BASE_FEE = 100
BASE_RESERVE = 5_000_000
CHANNELS = 16
WALLETS = 5
FIRST_LEDGER = 1_000


def keypair(name: str) -> Keypair:
    """The key of whoever is called so."""
    return Keypair.from_raw_ed25519_seed(
        sha256(f"paidonce sandbox horizon: {name}".encode()).digest()
    )


TREASURY = keypair("treasury")
RECEIVING = keypair("receiving")
ISSUER = keypair("issuer")
IMPOSTOR = keypair("impostor")
WALLET = keypair("wallet")


def wallet(number: int) -> Keypair:
    """A customer's account number 1, 2, …; several can pay at the same moment."""
    return WALLET if number == 1 else keypair(f"wallet {number}")


def channel(number: int) -> Keypair:
    """The source of transactions number 1, 2, …: pays fees and lends its sequence numbers."""
    return keypair(f"channel {number}")


USDC = Asset("USDC", ISSUER.public_key)
EURC = Asset("EURC", ISSUER.public_key)
FALSE_USDC = Asset("USDC", IMPOSTOR.public_key)
ASSETS = (USDC, EURC)
# The same codes from somebody else.
FALSE_ASSETS = (FALSE_USDC, Asset("EURC", IMPOSTOR.public_key))

# Name -> what is so about it. Those named for a fault are in sandbox.horizon.faults.
PAYEES = {
    "payee 1": "Takes XLM, USDC and EURC.",
    "payee 2": "Takes XLM, USDC and EURC.",
    "payee 3": "Takes XLM, USDC and EURC.",
    "payee no trust": "Takes XLM only: op_no_trust.",
    "payee missing": "Does not exist: op_no_destination.",
    "payee full": "Its trustlines hold 1.0000000 more at most: op_line_full.",
    "payee frozen": "Its trustlines are not authorized: op_not_authorized.",
    "payee memo": "Wants a memo (SEP-29).",
}


def code_of(asset: Asset) -> str:
    """`native` or `USDC:G…`: how the books name an asset."""
    return "native" if asset.is_native() else f"{asset.code}:{asset.issuer}"


def asset_of(code: str) -> Asset:
    """The other way round. Raises ValueError."""
    if code in ("native", "XLM"):
        return Asset.native()
    name, _, issuer = code.partition(":")
    return Asset(name, issuer or ISSUER.public_key)


def shown(stroops: int) -> str:
    """`1.5000000`."""
    sign, whole = ("-", -stroops) if stroops < 0 else ("", stroops)
    return f"{sign}{whole // STROOPS}.{whole % STROOPS:07d}"
