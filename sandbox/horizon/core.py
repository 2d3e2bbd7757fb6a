"""The node behind Horizon: its queue, and what a ledger makes of it.

One pending transaction per source account. What is not included for four ledgers is dropped and
banned for ten. `elsewhere` holds what this node no longer has but another one still carries.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.horizon import operations, records, validity
from sandbox.horizon.envelope import Envelope
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.network import BASE_FEE
from sandbox.horizon.results import Outcome
from sandbox.horizon.settings import Settings
from sandbox.horizon.state import State
from sandbox.journal import Change, Journal, Row

LEDGERS_IN_QUEUE = 4
LEDGERS_BANNED = 10
REPLACEMENT = 10
REMEMBERED = 2_000
NEVER = 2**31


@dataclass(frozen=True, slots=True)
class Verdict:
    """PENDING, DUPLICATE, TRY_AGAIN_LATER or ERROR with its outcome."""

    status: str
    outcome: Outcome | None = None


class Core:
    """Takes envelopes, closes ledgers."""

    def __init__(
        self, journal: Journal, clock: Clock, settings: Settings, ledgers: Ledgers
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._ledgers = ledgers
        self._accounts = journal.table("accounts")
        self._pending = journal.table("pending")
        self._elsewhere = journal.table("elsewhere")
        self._bans = journal.table("bans")
        self._parsed: OrderedDict[str, Envelope] = OrderedDict()
        self.on_close: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> bool:
        """Whether a ledger has work to do."""
        return bool(self._pending)

    def next_elsewhere(self) -> int | None:
        """When another node's transaction is due, in milliseconds."""
        return min((row["at_ms"] for row in self._elsewhere.values()), default=None)

    def known(self, envelope: Envelope) -> Envelope:
        """Remember a parsed envelope, so that it need not be parsed again."""
        self._parsed[envelope.xdr] = envelope
        while len(self._parsed) > REMEMBERED:
            self._parsed.popitem(last=False)
        return envelope

    def parse(self, text: str) -> Envelope:
        """Raises MalformedError."""
        found = self._parsed.get(text)
        return found if found is not None else self.known(Envelope(text))

    # Admission

    def receive(self, envelope: Envelope, *, not_before: int = 0, fail: str = "") -> Verdict:
        """What this node says to an envelope, and put it into the queue if it is taken.

        Faults: `not_before` is the first ledger that may include it, `fail` the code that its first
        operation will fail with.
        """
        if envelope.hash in self._bans:
            return Verdict("TRY_AGAIN_LATER")
        if envelope.hash in self._pending:
            return Verdict("DUPLICATE")
        before = self._of_source(envelope.source)
        if before is not None and not self._replaces(envelope, before):
            if envelope.sequence < before["sequence"]:
                return Verdict("ERROR", validity.wrapped(envelope, Outcome("tx_bad_seq")))
            return Verdict("TRY_AGAIN_LATER")
        problem = self.refusal(envelope)
        if problem is not None:
            return Verdict("ERROR", problem)
        change = Change()
        if before is not None:
            change.put("pending", before["hash"], None)
        change.put("pending", envelope.hash, self._row(envelope, not_before, fail))
        self._journal.commit(change)
        return Verdict("PENDING")

    def refusal(self, envelope: Envelope) -> Outcome | None:
        """Admission's reasons against an envelope at this moment."""
        latest = self._ledgers.latest()
        closed_ms = self._ledgers.closed_ms(latest)
        margin_ms = 2 * self._settings.knobs.ledger_ms
        upper = (max(self._clock.now_ms(), closed_ms) + margin_ms) // 1000
        state = State(self._accounts, latest, closed_ms)
        return validity.refusal(envelope, state, closed_ms // 1000, upper)

    def send_elsewhere(self, envelope: Envelope, seconds: float) -> None:
        """Another node takes it and includes it later; this one has dropped and banned it."""
        change = Change()
        at_ms = self._clock.now_ms() + int(seconds * 1000)
        change.put("elsewhere", envelope.hash, {"xdr": envelope.xdr, "at_ms": at_ms})
        self._ban(change, envelope.hash, self._ledgers.latest())
        self._journal.commit(change)

    def _row(self, envelope: Envelope, not_before: int, fail: str) -> Row:
        return {
            "hash": envelope.hash,
            "source": envelope.source,
            "sequence": envelope.sequence,
            "xdr": envelope.xdr,
            "max_fee": envelope.max_fee,
            "units": envelope.units,
            "entered": self._ledgers.latest(),
            "age": 0,
            "not_before": not_before,
            "fail": fail,
        }

    def _of_source(self, source: str) -> Row | None:
        return next((row for row in self._pending.values() if row["source"] == source), None)

    @staticmethod
    def _replaces(envelope: Envelope, before: Row) -> bool:
        """A fee bump of the same sequence number that offers ten times the rate."""
        if envelope.bump is None or envelope.sequence != before["sequence"]:
            return False
        offered = envelope.max_fee * before["units"]
        return bool(offered >= REPLACEMENT * before["max_fee"] * envelope.units)

    # Ledgers

    def close(self, sequence: int, closed_ms: int) -> None:
        """Close one ledger: choose, charge, apply, write. One commit."""
        change, state = Change(), State(self._accounts, sequence, closed_ms)
        for key, ban in self._bans.items():
            if ban["until"] <= sequence:
                change.put("bans", key, None)
        chosen = self._choose(change, state, sequence, closed_ms)
        fees = [state.charge(env.fee_source, BASE_FEE * env.units) for env, _ in chosen]
        good = ops = 0
        for order, ((envelope, fail), fee) in enumerate(zip(chosen, fees, strict=True), start=1):
            outcome = self._apply(state, envelope, fail)
            outcome.fee = fee
            row = records.transaction(
                envelope, outcome, ledger=sequence, order=order, closed_ms=closed_ms
            )
            self._record(change, envelope, outcome, row)
            good += outcome.ok
            ops += row["count"]
        for key, account in state.changed.items():
            change.put("accounts", key, account)
        counts = {"ops": ops, "good": good, "bad": len(chosen) - good}
        self._ledgers.close(change, sequence, closed_ms, **counts)
        self._journal.commit(change)
        self.on_close()

    def _record(self, change: Change, envelope: Envelope, outcome: Outcome, row: Row) -> None:
        change.put("transactions", envelope.hash, row)
        told = outcome.inner[1] if outcome.inner is not None else outcome
        for index in range(len(envelope.steps)):
            merged = told.ops[index][2] if index < len(told.ops) else 0
            entry = records.operation(envelope, row, index, merged)
            change.put("operations", str(entry["id"]), entry)

    def _choose(
        self, change: Change, state: State, sequence: int, closed_ms: int
    ) -> list[tuple[Envelope, str]]:
        """Whoever is due and still valid, in order of arrival, as many as fit in."""
        chosen: dict[str, tuple[Envelope, str]] = {}
        room = self._settings.knobs.max_operations_per_ledger
        for row in self._pending.values():
            envelope = self.parse(row["xdr"])
            if not self._fits(envelope, state, closed_ms):
                self._drop(change, row["hash"], sequence)
            elif row["not_before"] <= sequence and len(envelope.steps) <= room:
                room -= len(envelope.steps)
                chosen[envelope.source] = (envelope, row["fail"])
                change.put("pending", row["hash"], None)
            elif row["age"] + 1 >= LEDGERS_IN_QUEUE:
                self._drop(change, row["hash"], sequence)
            else:
                change.put("pending", row["hash"], {**row, "age": row["age"] + 1})
        for key, row in self._elsewhere.items():
            envelope = self.parse(row["xdr"])
            if not self._fits(envelope, state, closed_ms):
                change.put("elsewhere", key, None)
            elif row["at_ms"] <= closed_ms and envelope.source not in chosen:
                chosen[envelope.source] = (envelope, "")
                change.put("elsewhere", key, None)
        return list(chosen.values())

    @staticmethod
    def _fits(envelope: Envelope, state: State, closed_ms: int) -> bool:
        """Whether a ledger could still take it."""
        source = state.get(envelope.source)
        in_time = not envelope.max_time or envelope.max_time >= closed_ms // 1000
        return in_time and source is not None and source["sequence"] + 1 == envelope.sequence

    def _drop(self, change: Change, key: str, sequence: int) -> None:
        change.put("pending", key, None)
        self._ban(change, key, sequence)

    @staticmethod
    def _ban(change: Change, key: str, sequence: int) -> None:
        change.put("bans", key, {"until": sequence + LEDGERS_BANNED})

    def _apply(self, state: State, envelope: Envelope, fail: str) -> Outcome:
        """Consume the sequence number; then all operations or none."""
        source = state.get(envelope.source)
        if source is None:
            return validity.wrapped(envelope, Outcome("tx_no_source_account"))
        if source["sequence"] + 1 != envelope.sequence:
            return validity.wrapped(envelope, Outcome("tx_bad_seq"))
        state.save(source, sequence=envelope.sequence, sequence_ledger=state.ledger,
                   sequence_ms=state.closed_ms)  # fmt: skip
        layer = state.layer()
        ops = [(step.kind, *operations.apply(layer, step)) for step in envelope.steps]
        if fail:
            ops[0] = (ops[0][0], fail, 0)
        if any(code != operations.SUCCESS for _, code, _ in ops):
            return validity.wrapped(envelope, Outcome("tx_failed", ops))
        state.keep(layer)
        return validity.wrapped(envelope, Outcome("tx_success", ops))
