"""A signed envelope as it came in: what it asks for, its hashes, and whose signatures it bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stellar_sdk import (
    FeeBumpTransaction,
    FeeBumpTransactionEnvelope,
    Keypair,
    Transaction,
    TransactionBuilder,
)
from stellar_sdk.exceptions import BadSignatureError
from stellar_sdk.operation import Operation

from sandbox.horizon.network import PASSPHRASE

KINDS = {
    "Payment": "payment",
    "CreateAccount": "create_account",
    "ChangeTrust": "change_trust",
    "BumpSequence": "bump_sequence",
    "ManageData": "manage_data",
    "AccountMerge": "account_merge",
}


class MalformedError(Exception):
    """Not the XDR of an envelope."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. `source` is the G… account it acts for, `muxed` its M… address if it has one."""

    kind: str
    body: Any
    source: str
    muxed: str | None


class Signatures:
    """The signatures over one hash, and which of them somebody has needed."""

    def __init__(self, digest: bytes, signatures: list[Any]) -> None:
        self._digest = digest
        self._signatures = signatures
        self._used: set[int] = set()
        self._known: dict[str, bool] = {}

    def by(self, identity: str) -> bool:
        """Whether the account's master key has signed."""
        if identity not in self._known:
            self._known[identity] = self._look(identity)
        return self._known[identity]

    def _look(self, identity: str) -> bool:
        key = Keypair.from_public_key(identity)
        for index, signature in enumerate(self._signatures):
            if signature.signature_hint != key.signature_hint():
                continue
            try:
                key.verify(self._digest, signature.signature)
            except BadSignatureError:
                continue
            self._used.add(index)
            return True
        return False

    @property
    def unused(self) -> bool:
        return len(self._used) < len(self._signatures)


class Envelope:
    """Parsed with this network's passphrase. Raises MalformedError."""

    def __init__(self, text: str) -> None:
        try:
            parsed = TransactionBuilder.from_xdr(text, PASSPHRASE)
            digest = parsed.hash()
        except Exception as error:
            # Anything may come out of a decoder that is fed with rubbish.
            raise MalformedError(str(error)) from error
        self.xdr = text
        self.hash = digest.hex()
        self.bump: FeeBumpTransaction | None = None
        if isinstance(parsed, FeeBumpTransactionEnvelope):
            self.bump = parsed.transaction
            inner = self.bump.inner_transaction_envelope
        else:
            inner = parsed
        self.tx: Transaction = inner.transaction
        self.inner_hash = inner.hash_hex()
        self.signatures = Signatures(digest, parsed.signatures)
        self.inner_signatures = (
            self.signatures if inner is parsed else Signatures(inner.hash(), inner.signatures)
        )
        self.raw_signatures = [item.signature for item in parsed.signatures]
        self.raw_inner_signatures = [item.signature for item in inner.signatures]
        self.source: str = self.tx.source.account_id
        self.muxed: str | None = self.tx.source.account_muxed
        self.sequence: int = self.tx.sequence
        self.steps = [self._step(operation) for operation in self.tx.operations]

    def _step(self, operation: Operation) -> Step:
        kind = KINDS.get(type(operation).__name__, type(operation).__name__)
        if operation.source is None:
            return Step(kind, operation, self.source, self.muxed)
        return Step(kind, operation, operation.source.account_id, operation.source.account_muxed)

    @property
    def fee_source(self) -> str:
        """Who pays the fee."""
        return self.bump.fee_source.account_id if self.bump is not None else self.source

    @property
    def max_fee(self) -> int:
        """What it offers at most, for all operations."""
        return int(self.bump.fee if self.bump is not None else self.tx.fee)

    @property
    def units(self) -> int:
        """Operations that the fee is paid for; a fee bump is one more."""
        return len(self.steps) + (self.bump is not None)

    @property
    def max_time(self) -> int:
        """The last second in which it may be applied; 0 for no end."""
        return self._bounds()[1]

    @property
    def min_time(self) -> int:
        return self._bounds()[0]

    def _bounds(self) -> tuple[int, int]:
        conditions = self.tx.preconditions
        if conditions is None or conditions.time_bounds is None:
            return 0, 0
        return conditions.time_bounds.min_time, conditions.time_bounds.max_time

    @property
    def demanding(self) -> bool:
        """Whether it has preconditions that this node does not know."""
        conditions = self.tx.preconditions
        return conditions is not None and bool(
            conditions.min_sequence_number is not None
            or conditions.min_sequence_age
            or conditions.min_sequence_ledger_gap
            or conditions.extra_signers
            or conditions.ledger_bounds
        )
