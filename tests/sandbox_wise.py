"""The Wise half of the sandbox's control door, for tests and benches: break, push, ask the books."""

from __future__ import annotations

from typing import Any, Protocol


class Caller(Protocol):
    """A control call, `path` after /_sandbox/."""

    def __call__(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any: ...


class SandboxWise:
    """Faults, knobs, states and books. Amounts are decimal strings."""

    def __init__(self, call: Caller, *, limits: bool = False) -> None:
        self._call = call
        self._limits = limits

    def call(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        """A control call, `path` after /_sandbox/wise/. Raises SandboxError on anything but 200."""
        return self._call(method, f"wise/{path}", values)

    def calm(self) -> None:
        """No limits (unless limits=True), and no state changes by itself: tests push."""
        values: dict[str, Any] = {"progress_seconds": 0}
        if not self._limits:
            values |= {"rate_limit_per_second": 0, "rate_limit_per_minute": 0}
        self.settings(**values)

    def reset(self) -> None:
        """Empty books, default knobs, calm."""
        self.call("POST", "reset", {})
        self.calm()

    def books(self) -> dict[str, Any]:
        """Everything: balances, transfers with their payment, recipients, quotes, ledger, totals."""
        answer: dict[str, Any] = self.call("GET", "books")
        return answer

    def totals(self) -> dict[str, Any]:
        """The few numbers to poll."""
        answer: dict[str, Any] = self.call("GET", "totals")
        return answer

    def set_fault(
        self, fault: str, *, times: int | None = 1, params: dict[str, Any] | None = None,
        **match: str,
    ) -> dict[str, Any]:  # fmt: skip
        """Arm a fault for the next `times` matching calls (None: until removed).

        Match by operation (`transfer.create`, `transfer.fund`, …), method, path, recipient, name,
        transfer, ctid, reference; globs. Without operation, method and path any write is meant.
        """
        values = {"fault": fault, "match": match, "times": times, "params": params or {}}
        answer: dict[str, Any] = self.call("POST", "faults", values)
        return answer

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def settings(self, **values: int | bool | str) -> dict[str, Any]:
        """Turn knobs; returns all of them."""
        answer: dict[str, Any] = self.call("POST", "settings", values)
        return answer

    def advance_clock(self, seconds: int) -> None:
        self.call("POST", "clock/advance", {"seconds": seconds})

    def push(self, transfer: int, state: str, amount: str | None = None) -> dict[str, Any]:
        """Change a transfer's state, forwards or back."""
        values = {"state": state, "amount": amount}
        answer: dict[str, Any] = self.call("POST", f"transfers/{transfer}/state", values)
        return answer

    def bounce(self, transfer: int, days: int = 3) -> dict[str, Any]:
        """Sent, the clock `days` ahead, bounced back."""
        answer: dict[str, Any] = self.call("POST", f"transfers/{transfer}/bounce", {"days": days})
        return answer

    def refund(self, transfer: int, amount: str | None = None) -> dict[str, Any]:
        """funds_refunded; less than was taken with an amount."""
        values = {"amount": amount}
        answer: dict[str, Any] = self.call("POST", f"transfers/{transfer}/refund", values)
        return answer

    def payout_failure(self, transfer: int, code: str = "ACCOUNT_CLOSED") -> None:
        """Tell of a failure without changing the state."""
        self.call("POST", f"transfers/{transfer}/payout-failure", {"code": code})

    def expire_quote(self, quote: str) -> None:
        self.call("POST", f"quotes/{quote}/expire", {})

    def set_fee(self, quote: str, fee: str) -> None:
        """Change what paying from the balance costs, after the quote was made."""
        self.call("POST", f"quotes/{quote}/fee", {"fee": fee})

    def set_rate(self, source: str, target: str, rate: str) -> None:
        self.call("POST", "rates", {"source": source, "target": target, "rate": rate})

    def topup(self, amount: str, currency: str = "USD") -> None:
        self.call("POST", "balance/topup", {"amount": amount, "currency": currency})

    def drain(self, amount: str | None = None, currency: str = "USD") -> None:
        """Take money away; None takes all."""
        self.call("POST", "balance/drain", {"amount": amount, "currency": currency})

    def set_words(self, recipient: int, *words: str) -> None:
        """What goes wrong with a recipient, instead of what its name says."""
        self.call("POST", f"recipients/{recipient}", {"words": list(words)})

    def cure(self, recipient: int) -> None:
        self.call("POST", f"recipients/{recipient}/cure", {})

    def approve_sca(self, token: str) -> None:
        """What the account's owner does in the app."""
        self.call("POST", f"sca/{token}/approve", {})

    def deliver_pending(self, order: str = "forward") -> list[dict[str, Any]]:
        """Deliver pending webhooks now, `forward` or `reverse`, one by one."""
        rows: list[dict[str, Any]] = self.call("POST", "webhooks/deliver", {"order": order})[
            "deliveries"
        ]
        return rows

    def redeliver(self, event: str) -> bool:
        """Deliver one event again, whatever its state."""
        return bool(self.call("POST", f"events/{event}/redeliver", {})["delivered"])

    def deliveries(self) -> list[dict[str, Any]]:
        """Newest first, at most 200."""
        rows: list[dict[str, Any]] = self.call("GET", "webhooks")["deliveries"]
        return rows
