"""Horizon's resources, from the rows of the books."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

from sandbox.horizon.network import (
    BASE_FEE,
    BASE_RESERVE,
    asset_of,
    shown,
)
from sandbox.horizon.records import toid
from sandbox.horizon.state import subentries
from sandbox.journal import Row

NO_CHANGES = "AAAAAA=="
TYPES = {"create_account": 0, "payment": 1, "change_trust": 6, "account_merge": 8,
         "manage_data": 10, "bump_sequence": 11}  # fmt: skip


def moment(ms: int) -> str:
    """`2026-08-01T10:00:05Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms // 1000))


def links(base: str, **paths: str) -> Row:
    """`_links` with addresses on this server."""
    return {name: {"href": base + path} for name, path in paths.items()}


def asset_fields(code: str, prefix: str = "asset") -> Row:
    """Type, code and issuer; native has a type only."""
    asset = asset_of(code)
    if asset.is_native():
        return {f"{prefix}_type": "native"}
    return {
        f"{prefix}_type": asset.type,
        f"{prefix}_code": asset.code,
        f"{prefix}_issuer": asset.issuer,
    }


def account(row: Row, base: str) -> Row:
    """`/accounts/{id}`."""
    identity = row["id"]
    path = f"/accounts/{identity}"
    return {
        "_links": links(base, self=path, transactions=f"{path}/transactions",
                        payments=f"{path}/payments"),
        "id": identity,
        "account_id": identity,
        "sequence": str(row["sequence"]),
        "sequence_ledger": row["sequence_ledger"],
        "sequence_time": str(row["sequence_ms"] // 1000),
        "subentry_count": subentries(row),
        "last_modified_ledger": row["ledger"],
        "last_modified_time": moment(row["closed_ms"]),
        "thresholds": {"low_threshold": 0, "med_threshold": 0, "high_threshold": 0},
        "flags": {
            "auth_required": False,
            "auth_revocable": False,
            "auth_immutable": False,
            "auth_clawback_enabled": False,
        },
        "balances": [
            *(_line(code, line) for code, line in row["lines"].items()),
            {
                "balance": shown(row["balance"]),
                "buying_liabilities": shown(0),
                "selling_liabilities": shown(0),
                "asset_type": "native",
            },
        ],
        "signers": [{"key": identity, "weight": 1, "type": "ed25519_public_key"}],
        "data": {
            name: base64.b64encode(bytes.fromhex(value)).decode()
            for name, value in row["data"].items()
        },
        "num_sponsoring": 0,
        "num_sponsored": 0,
        "paging_token": identity,
    }  # fmt: skip


def _line(code: str, line: Row) -> Row:
    return {
        "balance": shown(line["balance"]),
        "limit": shown(line["limit"]),
        "buying_liabilities": shown(0),
        "selling_liabilities": shown(0),
        "last_modified_ledger": line["ledger"],
        "is_authorized": line["authorized"],
        "is_authorized_to_maintain_liabilities": line["authorized"],
        **asset_fields(code),
    }


def transaction(row: Row, base: str, asked: str = "") -> Row:
    """`/transactions/{hash}`; `id` and `hash` echo the hash that was asked for."""
    digest = asked or row["hash"]
    path = f"/transactions/{digest}"
    shape: Row = {
        "_links": links(
            base, self=path, account=f"/accounts/{row['source']}",
            ledger=f"/ledgers/{row['ledger']}", operations=f"{path}/operations",
            transaction=path,
        ),
        "id": digest,
        "paging_token": str(row["id"]),
        "successful": row["ok"],
        "hash": digest,
        "ledger": row["ledger"],
        "created_at": moment(row["closed_ms"]),
        "source_account": row["source"],
        "source_account_sequence": str(row["sequence"]),
        "fee_account": row["fee_source"],
        "fee_charged": str(row["fee"]),
        "max_fee": str(row["max_fee"]),
        "operation_count": row["count"],
        "envelope_xdr": row["xdr"],
        "result_xdr": row["result"],
        "fee_meta_xdr": NO_CHANGES,
        **{name: row[name] for name in ("memo_type", "memo", "memo_bytes") if name in row},
        "signatures": row["signatures"],
    }  # fmt: skip
    if row["muxed"]:
        shape["account_muxed"] = row["muxed"]
    if row["min_time"] or row["max_time"]:
        shape["preconditions"] = {"timebounds": _bounds(row)}
    if row["inner_hash"]:
        shape["fee_bump_transaction"] = {"hash": row["hash"], "signatures": row["signatures"]}
        shape["inner_transaction"] = {
            "hash": row["inner_hash"],
            "signatures": row["inner_signatures"],
            "max_fee": str(row["inner_max_fee"]),
        }
        if asked == row["inner_hash"]:
            shape["signatures"] = row["inner_signatures"]
    return shape


def _bounds(row: Row) -> Row:
    bounds = {"min_time": str(row["min_time"])}
    return {**bounds, "max_time": str(row["max_time"])} if row["max_time"] else bounds


def operation(row: Row, base: str, joined: Row | None) -> Row:
    """An entry of a list of operations; `joined` is its transaction, if that was asked for."""
    kind = row["kind"]
    shape: Row = {
        "_links": links(base, self=f"/operations/{row['id']}",
                        transaction=f"/transactions/{row['tx']}"),
        "id": str(row["id"]),
        "paging_token": str(row["id"]),
        "transaction_successful": row["ok"],
        "source_account": row["source"],
        "type": kind,
        "type_i": TYPES.get(kind, -1),
        "created_at": moment(row["closed_ms"]),
        "transaction_hash": row["tx"],
    }  # fmt: skip
    if row["muxed"]:
        shape |= {
            "source_account_muxed": row["muxed"],
            "source_account_muxed_id": muxed_id(row["muxed"]),
        }
    if joined is not None:
        shape["transaction"] = transaction(joined, base)
    detail = DETAILS.get(kind)
    return shape if detail is None else {**shape, **detail(row)}


def muxed_id(address: str) -> str:
    """The number inside an M… address."""
    raw = base64.b32decode(address + "=" * (-len(address) % 8))
    return str(int.from_bytes(raw[33:41], "big"))


def _muxed(name: str, address: str | None) -> Row:
    return {f"{name}_muxed": address, f"{name}_muxed_id": muxed_id(address)} if address else {}


def _payment(row: Row) -> Row:
    return {
        **asset_fields(row["asset"]),
        "from": row["source"],
        **_muxed("from", row["muxed"]),
        "to": row["to"],
        **_muxed("to", row["to_muxed"]),
        "amount": shown(row["amount"]),
    }


def _create(row: Row) -> Row:
    return {"starting_balance": shown(row["amount"]), "funder": row["source"],
            "account": row["to"]}  # fmt: skip


def _merge(row: Row) -> Row:
    return {"account": row["source"], "into": row["to"], **_muxed("into", row["to_muxed"])}


def _trust(row: Row) -> Row:
    issuer = asset_of(row["asset"]).issuer
    return {**asset_fields(row["asset"]), "limit": shown(row["limit"]), "trustee": issuer,
            "trustor": row["source"]}  # fmt: skip


DETAILS: dict[str, Callable[[Row], Row]] = {
    "payment": _payment,
    "create_account": _create,
    "account_merge": _merge,
    "change_trust": _trust,
    "bump_sequence": lambda row: {"bump_to": str(row["bump_to"])},
    "manage_data": lambda row: {"name": row["name"], "value": row["value"]},
}


def ledger(sequence: int, closed_ms: int, counts: Row, hashes: tuple[str, str], base: str) -> Row:
    """`/ledgers/{n}`."""
    own, previous = hashes
    path = f"/ledgers/{sequence}"
    return {
        "_links": links(base, self=path, transactions=f"{path}/transactions"),
        "id": own,
        "paging_token": str(toid(sequence, 0)),
        "hash": own,
        "prev_hash": previous,
        "sequence": sequence,
        "successful_transaction_count": counts["good"],
        "failed_transaction_count": counts["bad"],
        "operation_count": counts["ops"],
        "tx_set_operation_count": counts["ops"],
        "closed_at": moment(closed_ms),
        "total_coins": "50001806812.2320000",
        "fee_pool": "0.0000000",
        "base_fee_in_stroops": BASE_FEE,
        "base_reserve_in_stroops": BASE_RESERVE,
        "max_tx_set_size": 1000,
        "protocol_version": 23,
    }


def page(records: list[Row], here: str, next_: str, previous: str) -> Row:
    """The envelope of every list."""
    return {
        "_links": {"self": {"href": here}, "next": {"href": next_}, "prev": {"href": previous}},
        "_embedded": {"records": records},
    }


def fee_stats(last_ledger: int) -> dict[str, Any]:
    """`/fee_stats`: nothing ever surges here."""
    names = [
        "max",
        "min",
        "mode",
        *(f"p{percent}" for percent in (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)),
    ]
    flat = dict.fromkeys(names, str(BASE_FEE))
    return {
        "last_ledger": str(last_ledger),
        "last_ledger_base_fee": str(BASE_FEE),
        "ledger_capacity_usage": "0.01",
        "fee_charged": flat,
        "max_fee": flat,
    }
