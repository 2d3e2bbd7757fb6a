"""Who is on the network when it begins, and with how much."""

from __future__ import annotations

from stellar_sdk import Keypair

from sandbox.horizon import network
from sandbox.horizon.faults import MAGIC_PAYEES
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.network import MAX_STROOPS, STROOPS, code_of, keypair
from sandbox.horizon.state import account
from sandbox.journal import Change, Row

MISSING = "payee missing"


def found(change: Change, ledgers: Ledgers, closed_ms: int) -> None:
    """Add the first ledgers and accounts to a change."""
    ledger = ledgers.found(change)
    for row in people(ledger, closed_ms):
        change.put("accounts", row["id"], row)


def people(ledger: int, closed_ms: int) -> list[Row]:
    """Every account of a new network."""

    def born(key: Keypair, lumens: int, **lines: int) -> Row:
        row = account(key.public_key, lumens * STROOPS, ledger, closed_ms=closed_ms)
        row["lines"] = {
            code_of(asset): line(units * STROOPS, ledger)
            for asset in network.ASSETS
            if (units := lines.get(asset.code.lower())) is not None
        }
        return row

    wallets = [
        born(network.wallet(n), 1_000_000, usdc=10_000_000, eurc=10_000_000)
        for n in range(1, network.WALLETS + 1)
    ]
    receiving = born(network.RECEIVING, 1_000, usdc=0, eurc=0)
    for false in network.FALSE_ASSETS:
        # Whoever pays with a false asset must not fail for want of a trustline.
        receiving["lines"][code_of(false)] = line(0, ledger)
        for row in wallets:
            row["lines"][code_of(false)] = line(10_000_000 * STROOPS, ledger)
    rows = [
        born(network.TREASURY, 10_000_000, usdc=100_000_000, eurc=100_000_000),
        receiving,
        born(network.ISSUER, 1_000),
        born(network.IMPOSTOR, 1_000),
        *wallets,
    ]
    rows += [born(network.channel(n), 1_000) for n in range(1, network.CHANNELS + 1)]
    for name in [*network.PAYEES, *MAGIC_PAYEES]:
        if name != MISSING:
            rows.append(_payee(name, born(keypair(name), 100, usdc=0, eurc=0)))
    return rows


def line(balance: int, ledger: int) -> Row:
    """An authorized trustline without a limit of its own."""
    return {"balance": balance, "limit": MAX_STROOPS, "authorized": True, "ledger": ledger}


def _payee(name: str, row: Row) -> Row:
    if name == "payee no trust":
        return {**row, "lines": {}}
    if name == "payee memo":
        return {**row, "data": {"config.memo_required": b"1".hex()}}
    if name == "payee full":
        return {**row, "lines": {a: {**v, "limit": STROOPS} for a, v in row["lines"].items()}}
    if name == "payee frozen":
        return {**row, "lines": {a: {**v, "authorized": False} for a, v in row["lines"].items()}}
    return row
