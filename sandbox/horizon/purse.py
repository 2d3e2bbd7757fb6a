"""The customers' wallets: they build, sign and hand over what a trick asks for."""

from __future__ import annotations

from stellar_sdk import Account, Keypair, MuxedAccount, TransactionBuilder

from sandbox.horizon import network
from sandbox.horizon.decrees import asset, stroops
from sandbox.horizon.envelope import Envelope
from sandbox.horizon.network import PASSPHRASE, asset_of, shown
from sandbox.horizon.parts import Parts
from sandbox.horizon.tricks import MEMO_BYTES, TRICKS, Bill, Order, Payment
from sandbox.journal import Row
from sandbox.settings import BadValueError, Values, whole

VALID_SECONDS = 24 * 3600
WALLETS = tuple(network.wallet(number) for number in range(1, network.WALLETS + 1))


def paid_to(text: str) -> str:
    """A G… or M… address. Raises BadValueError."""
    try:
        MuxedAccount.from_account(text.strip())
    except ValueError:
        raise BadValueError("pay to a G… or M… address") from None
    return text.strip()


def others(text: str) -> tuple[Payment, ...]:
    """`ADDRESS AMOUNT [ASSET]`, one to a line or comma. Raises BadValueError."""
    found = []
    for entry in filter(str.strip, text.replace(",", "\n").splitlines()):
        to, _, rest = entry.strip().partition(" ")
        amount, _, code = rest.strip().partition(" ")
        found.append(
            Payment(
                paid_to(to), asset({"asset": code.strip()}), stroops({"amount": amount}, "amount")
            )
        )
    return tuple(found)


def bill(values: Values) -> Bill:
    """What a page or a command wants to be paid. Raises BadValueError.

    The names are those of SEP-7 (destination, asset_code, asset_issuer, memo, amount); `asset` may
    say `USDC` or `CODE:ISSUER` instead.
    """
    code = str(values.get("asset") or values.get("asset_code") or "native")
    if values.get("asset_issuer") and ":" not in code:
        code = f"{code}:{values['asset_issuer']}"
    memo = str(values.get("memo") or "")
    if len(memo.encode()) > MEMO_BYTES:
        raise BadValueError(f"a memo has at most {MEMO_BYTES} bytes")
    amount = stroops(values, "amount")
    if amount < 1:
        raise BadValueError("amount is more than nothing")
    return Bill(
        to=paid_to(str(values.get("destination") or network.RECEIVING.public_key)),
        asset=asset({"asset": code}),
        stroops=amount,
        memo=memo,
        seconds=whole(values, "seconds", 60),
        others=others(str(values.get("others") or "")),
    )


class Purse:
    """Pays for whoever presses the button."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._table = parts.journal.table

    def pay(self, values: Values) -> Row:
        """Do one trick; `{trick, transactions: [{hash, payments, memo}]}`. Raises BadValueError."""
        trick = TRICKS.get(str(values.get("trick") or "pay"))
        if trick is None:
            raise BadValueError(f"trick is one of {', '.join(TRICKS)}")
        self._parts.schedule.run_due()
        orders = trick.orders(bill(values))
        free = self._free()
        if len(free) < len(orders):
            raise BadValueError("every wallet has a payment under way; wait for the next ledger")
        sent = [self._send(order, *purse) for order, purse in zip(orders, free, strict=False)]
        if self._parts.settings.knobs.close_on_submit and self._parts.core.waiting:
            self._parts.schedule.close_now()
        self._parts.schedule.run_due()
        return {"trick": trick.name, "transactions": sent}

    def _send(self, order: Order, key: Keypair, row: Row) -> Row:
        account = Account(key.public_key, row["sequence"])
        builder = TransactionBuilder(account, PASSPHRASE, network.BASE_FEE)
        builder.add_time_bounds(0, self._parts.clock.now() + VALID_SECONDS)
        if order.memo:
            builder.add_text_memo(order.memo)
        for payment in order.payments:
            builder.append_payment_op(payment.to, asset_of(payment.asset), shown(payment.stroops))
        signed = builder.build()
        signed.sign(key)
        envelope = self._parts.core.known(Envelope(signed.to_xdr()))
        if order.later_ms:
            self._parts.core.send_elsewhere(envelope, order.later_ms / 1000)
        else:
            verdict = self._parts.core.receive(envelope)
            if verdict.outcome is not None:
                raise BadValueError(f"the network refuses it: {verdict.outcome.codes()}")
        return {
            "hash": envelope.hash,
            "from": key.public_key,
            "memo": order.memo,
            "payments": [
                {"to": p.to, "asset": p.asset, "amount": shown(p.stroops)} for p in order.payments
            ],
        }

    def _free(self) -> list[tuple[Keypair, Row]]:
        """The wallets with nothing under way."""
        waiting = {row["source"] for row in self._table("pending").values()}
        waiting |= {
            self._parts.core.parse(row["xdr"]).source for row in self._table("elsewhere").values()
        }
        found = ((key, self._table("accounts").get(key.public_key)) for key in WALLETS)
        return [
            (key, row)
            for key, row in found
            if key.public_key not in waiting and row is not None and not row.get("gone")
        ]

    def state(self, digest: str) -> str:
        """applied, failed, waiting, later, or gone."""
        self._parts.schedule.run_due()
        row = self._table("transactions").get(digest)
        if row is not None:
            return "applied" if row["ok"] else "failed"
        if digest in self._table("pending"):
            return "waiting"
        return "later" if digest in self._table("elsewhere") else "gone"

    def latest(self, limit: int) -> list[Row]:
        """The wallets' transactions, newest first: hash, memo, and what has become of them."""
        mine = {key.public_key for key in WALLETS}
        rows: list[Row] = []
        for table, state in (("elsewhere", "later"), ("pending", "waiting")):
            for key, row in self._table(table).items():
                envelope = self._parts.core.parse(row["xdr"])
                if envelope.source in mine:
                    rows.append({"hash": key, "state": state, "at_ms": None, "xdr": row["xdr"]})
        for key in reversed(self._table("transactions")):
            row = self._table("transactions")[key]
            if len(rows) >= limit:
                break
            if row["source"] in mine:
                state = "applied" if row["ok"] else "failed"
                rows.append(
                    {"hash": key, "state": state, "at_ms": row["closed_ms"], "xdr": row["xdr"]}
                )
        return rows[:limit]
