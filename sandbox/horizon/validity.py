"""What a core node checks before it takes a transaction into its queue, in core's order.

A refusal here is not final: nothing has been consumed, and the same envelope may be taken later.
"""

from __future__ import annotations

from sandbox.horizon.envelope import Envelope
from sandbox.horizon.network import BASE_FEE
from sandbox.horizon.operations import SUCCESS, malformed
from sandbox.horizon.results import Outcome
from sandbox.horizon.state import State, reserve


def refusal(envelope: Envelope, state: State, now: int, latest_time: int) -> Outcome | None:
    """Why it is not taken; None if it is valid.

    `now` and `latest_time` are the ledger times that min_time and max_time are compared with.
    """
    return _fee(envelope) or _rest(envelope, state, now, latest_time)


def _fee(envelope: Envelope) -> Outcome | None:
    if not envelope.steps:
        return None  # told as tx_missing_operation
    if envelope.max_fee < BASE_FEE * envelope.units:
        return Outcome("tx_insufficient_fee", fee=BASE_FEE * envelope.units)
    return None


def _rest(envelope: Envelope, state: State, now: int, latest_time: int) -> Outcome | None:
    code = _shape(envelope, now, latest_time) or _source(envelope, state)
    if code is not None:
        return wrapped(envelope, Outcome(code))
    problem = _outer(envelope, state) if envelope.bump is not None else None
    if problem is not None:
        return Outcome(problem)
    failed = _inner(envelope, state)
    if failed is not None:
        return wrapped(envelope, failed)
    payer = state.have(envelope.fee_source)
    if payer["balance"] - reserve(payer) < envelope.max_fee:
        return Outcome("tx_insufficient_balance")
    return None


def _shape(envelope: Envelope, now: int, latest_time: int) -> str | None:
    """Time bounds come before the sequence number: that is why tx_too_late proves nothing."""
    if envelope.demanding:
        return "tx_not_supported"
    if not envelope.steps:
        return "tx_missing_operation"
    if envelope.min_time > now:
        return "tx_too_early"
    if envelope.max_time and envelope.max_time < latest_time:
        return "tx_too_late"
    return None


def _source(envelope: Envelope, state: State) -> str | None:
    source = state.get(envelope.source)
    if source is None:
        return "tx_no_source_account"
    return None if envelope.sequence == source["sequence"] + 1 else "tx_bad_seq"


def _outer(envelope: Envelope, state: State) -> str | None:
    """Who pays for a fee bump, and that he has signed it."""
    if state.get(envelope.fee_source) is None:
        return "tx_no_source_account"
    if not envelope.signatures.by(envelope.fee_source):
        return "tx_bad_auth"
    return "tx_bad_auth_extra" if envelope.signatures.unused else None


def _inner(envelope: Envelope, state: State) -> Outcome | None:
    if not envelope.inner_signatures.by(envelope.source):
        return Outcome("tx_bad_auth")
    failed = _operations(envelope, state)
    if failed is None and envelope.inner_signatures.unused:
        return Outcome("tx_bad_auth_extra")
    return failed


def _operations(envelope: Envelope, state: State) -> Outcome | None:
    """Shape, signatures and support of each; nothing about balances."""
    ops: list[tuple[str, str, int]] = []
    for step in envelope.steps:
        code = malformed(step)
        if not envelope.inner_signatures.by(step.source):
            code = "op_bad_auth"
        if state.get(step.source) is None:
            code = "op_no_source_account"
        ops.append((step.kind, code, 0))
    if all(code == SUCCESS for _, code, _ in ops):
        return None
    return Outcome("tx_failed", ops)


def wrapped(envelope: Envelope, inner: Outcome) -> Outcome:
    """The outcome in a fee bump's words, if it is one."""
    if envelope.bump is None:
        return inner
    code = "tx_fee_bump_inner_success" if inner.ok else "tx_fee_bump_inner_failed"
    return Outcome(code, fee=inner.fee, inner=(envelope.inner_hash, inner))
