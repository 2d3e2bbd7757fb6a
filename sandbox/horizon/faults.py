"""Bad days, by order (`POST /_sandbox/horizon/faults`) or by paying an account that is named for one.

A magic payee strikes the first submission of each envelope; the identical one after it meets
Horizon's true rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults import Fault, Orders, Strike
from sandbox.horizon.network import keypair
from sandbox.journal import Journal, Row

MATCHABLE = ("method", "path", "operation", "hash", "source", "destination", "memo", "account")
SUBMIT = "transactions.submit"


@dataclass(slots=True)
class Subject:
    """What a request is about, for matching."""

    method: str
    path: str
    operation: str
    hash: str = ""
    source: str = ""
    destination: str = ""
    memo: str = ""
    account: str = ""


CATALOGUE = {
    fault.name: fault
    for fault in (
        Fault("lost_answer", "execution", "Accepted, answer lost",
              "It is queued and applied, the connection dies at once."),
        Fault("drop_before", "edge", "Connection dropped before execution",
              "Nothing happens, the connection dies."),
        Fault("504_later", "execution", "504, applied soon after",
              "It stays in the queue for two more ledgers (params: ledgers, ms), the answer is 504."),
        Fault("504_never", "execution", "504, never applied",
              "No ledger takes it: dropped after four ledgers, then banned for ten."),
        Fault("applied_late", "execution", "504, applied long after",
              "This node drops and bans it, another one has it applied 10 s later (params: seconds)."),
        Fault("ingestion_lag", "execution", "Applied, but Horizon lags",
              "Horizon ingests nothing for 10 s (params: seconds): 404 and old balances meanwhile."),
        Fault("500_after", "execution", "500 after queueing",
              "It is queued and applied, the answer is a 500."),
        Fault("500_before", "edge", "500 without execution", "Nothing happens, the answer is a 500."),
        Fault("bad_seq_lie", "execution", "tx_bad_seq, but it is applied",
              "It is queued and applied, the answer is a 400 with tx_bad_seq."),
        Fault("too_late_lie", "execution", "tx_too_late, but it is applied",
              "It is queued and applied, the answer is a 400 with tx_too_late."),
        Fault("applied_failed", "execution", "Applied and failed",
              "A ledger takes it and its first operation fails (params: code, op_underfunded)."),
        Fault("truncated", "answer", "Truncated answer", "It happens, half of the answer arrives."),
        Fault("slow", "answer", "Slow answer",
              "It happens at once, the answer comes after the client's timeout."),
        Fault("slow_commit", "execution", "Slow execution",
              "Nothing is queued while the client waits and gives up; then it is."),
        Fault("html_502", "edge", "HTML 502 from a proxy", "Nothing happens, a proxy answers."),
        Fault("html_502_after", "answer", "HTML 502 after execution",
              "It happens, a proxy answers with a page."),
        Fault("429", "edge", "429 rate limit",
              "Two calls are refused with Retry-After: 1; nothing happens.", per_key=2),
        Fault("stale_history", "edge", "503 stale history", "Nothing is submitted."),
        Fault("still_ingesting", "edge", "503 still ingesting", "Horizon has just been started."),
        Fault("error", "execution", "Any other error", "params: status, body, headers.", magic=False),
    )
}  # fmt: skip

# Name of a payee -> the fault it stands for.
MAGIC_PAYEES = {
    f"payee {fault.name.replace('_', ' ')}": fault.name
    for fault in CATALOGUE.values()
    if fault.magic
}
MAGIC = {keypair(name).public_key: fault for name, fault in MAGIC_PAYEES.items()}


def catalogue() -> list[Row]:
    """Every fault, for people and tests."""
    payees = {fault: account for account, fault in MAGIC.items()}
    return [
        {
            "fault": fault.name,
            "phase": fault.phase,
            "title": fault.title,
            "story": fault.story,
            "payee": payees.get(fault.name),
        }
        for fault in CATALOGUE.values()
    ]


class Faults(Orders):
    """Orders, and payees that are named for a fault."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, CATALOGUE, MATCHABLE)

    def pick(self, phase: str, subject: Subject) -> Strike | None:
        """The fault of this phase that strikes, orders first."""
        strike = self.ordered(phase, subject)
        if strike is not None:
            return strike
        fault = CATALOGUE.get(MAGIC.get(subject.destination, ""))
        if fault is None or fault.phase != phase or not subject.operation.startswith(SUBMIT):
            return None
        return Strike(fault) if self.struck(subject.hash, fault.name) < fault.per_key else None
