"""Building and signing Stellar transactions: pure, no network. The same inputs always give the same bytes.

The hash of a transaction is its idempotency key: known before it is sent, independent of signatures, and one network
applies it at most once (Stellar reference, sections 1, 2.2 and 8). Loading stellar-sdk takes a second.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stellar_sdk import Account, Asset, Keypair, MuxedAccount, Payment, TransactionBuilder

from money import Money
from rails.horizon_values import NATIVE, Memo, PaymentOrder

NO_MEMO: Final = Memo()


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """Ready to be stored, and after that to be sent, again and again. `fee` is the most it may cost, in stroops."""

    hash: str
    xdr: str
    source: str
    sequence: int
    max_time: int
    fee: int


class Treasury:
    """The account that pays, and the channel accounts that lend their sequence numbers; holds their secrets.

    Channels are those whose secrets are given, in order, up to `channels`. With one channel and no secret the treasury
    is its own channel. What is missing is derived: the seed of channel `i` (from 1) is HMAC-SHA256 of "paidonce
    stellar channel {i} {network passphrase}" under the treasury's raw seed, so that no further secret has to be kept.
    """

    def __init__(
        self,
        *,
        secret: str,
        network_passphrase: str,
        channels: int,
        channel_secrets: Sequence[str] = (),
    ) -> None:
        self._key = Keypair.from_secret(secret)
        self.network_passphrase = network_passphrase
        self.account = self._key.public_key
        keys = [Keypair.from_secret(given) for given in channel_secrets[:channels]]
        if channels <= 1 and not keys:
            keys = [self._key]
        keys += [self._channel(number) for number in range(len(keys) + 1, channels + 1)]
        self._keys = {key.public_key: key for key in keys}

    def __repr__(self) -> str:
        return f"<Treasury {self.account}>"

    @property
    def channels(self) -> list[str]:
        """Accounts whose sequence numbers are used, in order."""
        return list(self._keys)

    def _channel(self, number: int) -> Keypair:
        name = f"paidonce stellar channel {number} {self.network_passphrase}"
        seed = hmac.digest(self._key.raw_secret_key(), name.encode(), hashlib.sha256)
        return Keypair.from_raw_ed25519_seed(seed)

    def pay(
        self,
        payments: Sequence[PaymentOrder],
        *,
        channel: str,
        sequence: int,
        max_time: int,
        fee_per_operation: int,
        memo: Memo = NO_MEMO,
    ) -> SignedEnvelope:
        """Up to 100 payments from the treasury in one signed transaction of `channel`; all of them or none happen.

        `sequence` is the number it uses, `max_time` (Unix seconds, ledger time) the last moment at which a ledger may
        take it. Raises ValueError for what the SDK refuses.
        """
        builder = self._builder(channel, sequence, fee_per_operation)
        payer = None if channel == self.account else self.account
        for order in payments:
            builder.append_payment_op(
                order.destination, _asset(order.asset), _units(order.stroops), source=payer
            )
        if memo.returns:
            builder.add_return_hash_memo(memo.returns)
        elif memo.text:
            builder.add_text_memo(memo.text)
        return self._sign(builder, channel, sequence, max_time)

    @staticmethod
    def account_of(address: str) -> str:
        """The G account behind a G… or M… address. Raises ValueError."""
        return account_of(address)

    @staticmethod
    def can_sign(order: PaymentOrder) -> bool:
        """Is it a payment at all: addresses, asset and amount as the network writes them?"""
        try:
            payment = Payment(order.destination, _asset(order.asset), _units(order.stroops))
            payment.to_xdr_object()
        except ValueError:
            return False
        return order.stroops > 0

    def create_accounts(
        self, accounts: Sequence[str], *, starting_stroops: int, sequence: int, max_time: int, fee_per_operation: int
    ) -> SignedEnvelope:  # fmt: skip
        """Fund new accounts from the treasury, under its own sequence. One that exists already fails all of it."""
        builder = self._builder(self.account, sequence, fee_per_operation)
        for account in accounts:
            builder.append_create_account_op(account, _units(starting_stroops))
        return self._sign(builder, self.account, sequence, max_time)

    def _builder(self, source: str, sequence: int, fee_per_operation: int) -> TransactionBuilder:
        # The builder uses the number after the account's.
        account = Account(source, sequence - 1)
        return TransactionBuilder(account, self.network_passphrase, base_fee=fee_per_operation)

    def _sign(
        self, builder: TransactionBuilder, source: str, sequence: int, max_time: int
    ) -> SignedEnvelope:
        envelope = builder.add_time_bounds(0, max_time).build()
        keys = {self.account: self._key, source: self._keys.get(source, self._key)}
        for key in keys.values():
            envelope.sign(key)
        return SignedEnvelope(
            hash=envelope.hash_hex(),
            xdr=envelope.to_xdr(),
            source=source,
            sequence=sequence,
            max_time=max_time,
            fee=envelope.transaction.fee,
        )


def account_of(address: str) -> str:
    """The G account behind a G… or M… address. Raises ValueError."""
    return MuxedAccount.from_account(address).account_id


def _asset(name: str) -> Asset:
    if name == NATIVE:
        return Asset.native()
    code, _, issuer = name.partition(":")
    return Asset(code, issuer)


def _units(amount_stroops: int) -> str:
    return Money(amount_stroops, NATIVE).format()
