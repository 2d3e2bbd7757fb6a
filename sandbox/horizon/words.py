"""How the control pages speak of accounts, amounts and transactions."""

from __future__ import annotations

from html import escape

from sandbox.horizon import network
from sandbox.horizon.network import shown
from sandbox.horizon.rail import HorizonRail
from sandbox.journal import Row
from sandbox.widgets import NOTHING, chip, moment


def short(address: str) -> str:
    """`GABC…WXYZ`, whole on hover."""
    return f'<code title="{escape(address)}">{escape(address[:5])}…{escape(address[-4:])}</code>'


def amount(stroops: int, asset: str) -> str:
    """`1,234.5 USDC`; an asset that is not the sandbox's own says so."""
    code, _, issuer = asset.partition(":")
    own = issuer in ("", network.ISSUER.public_key)
    text = shown(stroops).rstrip("0").rstrip(".")
    units, point, rest = text.partition(".")
    name = "XLM" if code == "native" else code
    return (
        f'<span class="amount">{int(units):,}{point}{rest} {escape(name)}</span>'
        + ("" if own else f' {chip("impostor", "red")}')
    )  # fmt: skip


class Words:
    """How the two pages speak of accounts and transactions."""

    def __init__(self, rail: HorizonRail) -> None:
        self.rail = rail
        self.parts = rail.parts
        self.table = rail.parts.journal.table
        self.names = rail.control.report.names

    def who(self, address: str) -> str:
        """The name, or the address."""
        name = self.names.get(address)
        return (
            short(address)
            if name is None
            else f'<span title="{escape(address)}">{escape(name)}</span>'
        )

    def payments(self, xdr: str) -> str:
        """What an envelope pays to whom, one line each."""
        lines = []
        envelope = self.parts.core.parse(xdr)
        for step in envelope.steps[:4]:
            if step.kind == "payment":
                code = network.code_of(step.body.asset)
                stroops = int(step.body.to_xdr_amount(step.body.amount))
                to = step.body.destination
                muxed = f" as {short(to.account_muxed)}" if to.account_muxed else ""
                lines.append(f"{amount(stroops, code)} to {self.who(to.account_id)}{muxed}")
            else:
                lines.append(escape(step.kind.replace("_", " ")))
        more = len(envelope.steps) - 4
        return "<br>".join([*lines, f"and {more} more"] if more > 0 else lines)

    def memo(self, xdr: str) -> str:
        """The memo's text, if it has one."""
        text = getattr(self.parts.core.parse(xdr).tx.memo, "memo_text", b"")
        return f"<code>{escape(text.decode(errors='replace'))}</code>" if text else NOTHING

    def next_ledger(self) -> str:
        """When the next ledger closes."""
        ledgers = self.parts.ledgers
        if self.parts.settings.knobs.close_on_submit:
            return "at once"
        if not self.parts.settings.knobs.ledger_ms:
            return "when somebody closes it"
        return moment(-(-ledgers.closed_ms(ledgers.latest() + 1) // 1000))

    def held(self, row: Row) -> list[str]:
        """What an account has, asset by asset."""
        lines = [amount(line["balance"], code) for code, line in row["lines"].items()]
        return [amount(row["balance"], "native"), *lines]
