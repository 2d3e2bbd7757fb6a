"""The Horizon half of the sandbox's control door, for tests and benches, and wallets to pay from.

`calm()` is how tests have it: a ledger closes at once for every accepted transaction and every second
besides, a submission waits for 1.5 s, no rate limit. `hold()` stops the ledgers: the test closes them.
"""

from __future__ import annotations

import time
from functools import cache, cached_property
from typing import Any, Protocol

from stellar_sdk import (
    Asset,
    Keypair,
    MuxedAccount,
    Server,
    TransactionBuilder,
    TransactionEnvelope,
)
from stellar_sdk.client.requests_client import RequestsClient


class Caller(Protocol):
    """A control call, `path` after /_sandbox/."""

    def __call__(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any: ...


@cache
def client_of(url: str) -> Server:
    """One client for each address."""
    return Server(url, client=RequestsClient(num_retries=0, request_timeout=10, post_timeout=10))


class SandboxHorizon:
    """Ledgers, faults, knobs and books. Amounts are decimal strings, `asset` is native, USDC or CODE:ISSUER."""

    def __init__(self, call: Caller, url: str, *, limits: bool = False) -> None:
        self._call = call
        self._limits = limits
        self.url = url

    def call(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        """A control call, `path` after /_sandbox/horizon/. Raises SandboxError on anything but 200."""
        return self._call(method, f"horizon/{path}", values)

    def calm(self) -> None:
        """Ledgers close at once, submissions wait 1.5 s at most, no limits (unless limits=True)."""
        values: dict[str, Any] = {
            "ledger_ms": 1000,
            "close_on_submit": True,
            "submit_wait_ms": 1500,
        }
        if not self._limits:
            values["rate_limit_per_hour"] = 0
        self.settings(**values)

    def hold(self) -> None:
        """No ledger closes until `close()`."""
        self.settings(ledger_ms=0, close_on_submit=False)

    def reset(self) -> None:
        """A new network with its first accounts, default knobs, calm."""
        self.call("POST", "reset", {})
        self.calm()

    # Who is who

    @cached_property
    def network(self) -> dict[str, Any]:
        """passphrase, assets, accounts by name, treasury_secret, wallet_secret, channel_secrets."""
        answer: dict[str, Any] = self.call("GET", "network")
        return answer

    @property
    def passphrase(self) -> str:
        """STELLAR_NETWORK_PASSPHRASE."""
        return str(self.network["passphrase"])

    def address(self, name: str) -> str:
        """G… of `treasury`, `receiving`, `issuer`, `wallet`, `channel 1`, `payee 1`, `payee no trust`, …"""
        return str(self.network["accounts"][name])

    @property
    def receiving(self) -> str:
        """STELLAR_RECEIVING_ACCOUNT."""
        return self.address("receiving")

    @property
    def treasury(self) -> Keypair:
        """STELLAR_TREASURY_SECRET is its `secret`."""
        return Keypair.from_secret(self.network["treasury_secret"])

    @property
    def wallet(self) -> Keypair:
        """A customer with XLM, USDC, EURC and a USDC that somebody else has issued."""
        return Keypair.from_secret(self.network["wallet_secret"])

    def channel(self, number: int) -> Keypair:
        """Channel account 1, 2, …, 16."""
        return Keypair.from_secret(self.network["channel_secrets"][number - 1])

    def asset(self, code: str) -> Asset:
        """`native`, `USDC`, `EURC`, `false USDC` or CODE:ISSUER."""
        if code in ("native", "XLM"):
            return Asset.native()
        if code == "false USDC":
            code = self.network["false_asset"]
        name, _, issuer = code.partition(":")
        return Asset(name, issuer or self.address("issuer"))

    def settings_of_the_product(self, channels: int = 1) -> dict[str, Any]:
        """Names and values as Django's settings have them; see the fixture `horizon`."""
        return {
            "HORIZON_URL": self.url,
            "STELLAR_NETWORK_PASSPHRASE": self.passphrase,
            "STELLAR_RECEIVING_ACCOUNT": self.receiving,
            "STELLAR_TREASURY_SECRET": self.treasury.secret,
            "STELLAR_ASSETS": dict(code.split(":") for code in self.network["assets"]),
            "STELLAR_CHANNELS": channels,
            "STELLAR_CHANNEL_SECRETS": self.network["channel_secrets"][:channels],
        }

    def environment_of_the_product(self, channels: int = 1) -> dict[str, str]:
        """The same for other processes: `Stack(environment=…)`."""
        values = self.settings_of_the_product(channels)
        values["STELLAR_ASSETS"] = ",".join(self.network["assets"])
        values["STELLAR_CHANNEL_SECRETS"] = ",".join(values["STELLAR_CHANNEL_SECRETS"])
        return {name: str(value) for name, value in values.items()}

    # Paying

    @property
    def server(self) -> Server:
        """The SDK's client, without retries of its own; one for each address, so that its sockets stay open."""
        return client_of(self.url)

    def build(
        self, *payments: tuple[str, str, str], source: Keypair | None = None, memo: str | None = None,
        sequence: int | None = None, max_time: int | None = None, fee: int = 100,
    ) -> TransactionEnvelope:  # fmt: skip
        """A signed envelope with (destination, asset, amount)s, from the wallet unless `source` says else."""
        key = source or self.wallet
        account = self.server.load_account(key.public_key)
        if sequence is not None:
            account.sequence = sequence - 1
        builder = TransactionBuilder(account, self.passphrase, fee)
        builder.add_time_bounds(0, int(time.time()) + 300 if max_time is None else max_time)
        if memo is not None:
            builder.add_text_memo(memo)
        for destination, asset, amount in payments:
            builder.append_payment_op(destination, self.asset(asset), amount)
        envelope = builder.build()
        envelope.sign(key)
        return envelope

    def pay(
        self, memo: str | None, amount: str, asset: str = "native", *, to: str | None = None,
        source: Keypair | None = None,
    ) -> str:  # fmt: skip
        """One payment to the receiving account (or `to`), applied when this returns. The hash."""
        envelope = self.build((to or self.receiving, asset, amount), memo=memo, source=source)
        return self.submit(envelope)

    def submit(self, envelope: TransactionEnvelope) -> str:
        """POST it and wait; returns the hash. Raises the SDK's exceptions."""
        self.server.submit_transaction(envelope, skip_memo_required_check=True)
        return envelope.hash_hex()

    def wallet_pays(self, trick: str = "pay", **values: Any) -> list[str]:
        """What the wallet page's buttons do (docs/sandbox.md); the hashes. Applied at once while calm.

        destination [receiving], memo, amount, asset [native], seconds [60] for `late`, others for `several`.
        """
        answer = self.call("POST", "wallet/pay", {"trick": trick, **values})
        return [sent["hash"] for sent in answer["transactions"]]

    def muxed(self, number: int, address: str | None = None) -> str:
        """M… of the receiving account (or another) with this number."""
        return str(MuxedAccount(address or self.receiving, number).account_muxed)

    # Ledgers, ingestion, history

    def close(self, ledgers: int = 1) -> int:
        """Close so many now; returns the number of the last one."""
        return int(self.call("POST", "ledgers/close", {"ledgers": ledgers})["latest_ledger"])

    def advance_clock(self, seconds: int) -> None:
        """The rail's clock; ledgers close meanwhile, so max_times pass."""
        self.call("POST", "clock/advance", {"seconds": seconds})

    def stop_ingestion(self, seconds: int | None = None) -> int:
        """Horizon learns nothing more, until `resume_ingestion` or for so long; the last ledger it knows."""
        values = {} if seconds is None else {"seconds": seconds}
        return int(self.call("POST", "ingestion/stop", values)["ingested_ledger"])

    def resume_ingestion(self) -> None:
        self.call("POST", "ingestion/resume", {})

    def cut_history(self, ledger: int | None = None) -> int:
        """Forget everything before `ledger` (the latest); returns the new elder ledger."""
        values = {} if ledger is None else {"ledger": ledger}
        return int(self.call("POST", "history/cut", values)["elder_ledger"])

    # Accounts

    def fund(self, address: str, amount: str, asset: str = "native") -> dict[str, Any]:
        """Set a balance; an account or a trustline that is missing appears."""
        values = {"asset": asset, "amount": amount}
        answer: dict[str, Any] = self.call("POST", f"accounts/{address}/fund", values)
        return answer

    def trust(self, address: str, asset: str, **values: Any) -> None:
        """`limit="5"`, `authorized=False` or `remove=True` for a trustline."""
        self.call("POST", f"accounts/{address}/trust", {"asset": asset, **values})

    def account(self, address: str) -> dict[str, Any]:
        """`{name, sequence, balances}` as core has it. Raises SandboxError for one that is not there."""
        answer: dict[str, Any] = self.call("GET", f"accounts/{address}")
        return answer

    def balance(self, address: str, asset: str = "native") -> str:
        """What an account has, `0.0000000` without a trustline."""
        found = self.asset(asset)
        code = "native" if found.is_native() else f"{found.code}:{found.issuer}"
        return str(self.account(address)["balances"].get(code, "0.0000000"))

    def bulk(self, count: int, **values: Any) -> dict[str, Any]:
        """Put `count` incoming payments into the ledgers in one call, for benches.

        to [receiving], asset [native], amount ["1"], memos (cycled; `{n}` is the transaction's number),
        per_transaction [1], per_ledger [1000]. Returns operations, transactions, first_ledger, last_ledger, total.
        """
        answer: dict[str, Any] = self.call("POST", "bulk", {"count": count, **values})
        return answer

    # Faults, knobs, books

    def set_fault(
        self, fault: str, *, times: int | None = 1, params: dict[str, Any] | None = None,
        **match: str,
    ) -> dict[str, Any]:  # fmt: skip
        """Arm a fault for the next `times` matching calls (None: until removed).

        Match by operation (`transactions.submit`, `transactions.get`, `accounts.payments`, …), method, path,
        hash, source, destination, memo, account; globs. Without operation, method and path any POST is meant.
        """
        values = {"fault": fault, "match": match, "times": times, "params": params or {}}
        answer: dict[str, Any] = self.call("POST", "faults", values)
        return answer

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def settings(self, **values: int | bool | str) -> dict[str, Any]:
        """Turn knobs (`ledger_ms`, `submit_wait_ms`, `ingest_lag_ms`, `wrong_network`, `down`, …)."""
        answer: dict[str, Any] = self.call("POST", "settings", values)
        return answer

    def books(self) -> dict[str, Any]:
        """Everything: accounts, transactions, operations, pending, bans, totals."""
        answer: dict[str, Any] = self.call("GET", "books")
        return answer

    def totals(self) -> dict[str, Any]:
        """The few numbers to poll."""
        answer: dict[str, Any] = self.call("GET", "totals")
        return answer

    def times_paid(self, address: str) -> int:
        """In how many successful payments an account has been paid."""
        return int(self.books()["totals"]["times_paid"].get(address, 0))
