"""Make the channel accounts that STELLAR_CHANNELS asks for, with a little XLM from the treasury for fees."""

from dataclasses import dataclass

from django.conf import settings

from audit.actor import Actor
from audit.record import Note, record
from rails.answers import Done, Unreachable
from rails.horizon_values import NATIVE, LedgerAccount
from transfers.pace import wait_for_turn
from transfers.rail_access import horizon_rail, stellar_treasury
from transfers.services.confirm_transfer import RailUnavailable

STARTING_STROOPS = (
    50_000_000  # 5 XLM: one is the reserve, four are 40,000 payments at the lowest fee
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel account, what it holds in stroops (None: it does not exist), and whether this call made it."""

    account: str
    stroops: int | None
    created: bool = False


def open_channels(*, actor: Actor, dry_run: bool) -> list[Channel]:
    """The channels in order, the missing ones created unless `dry_run`. HTTP calls: not in a transaction.

    Any number of times: an account is created once, whoever asks, and what is there is left alone. Raises
    RailUnavailable and RailNotConfigured (503); after an unclear answer simply run it again.
    """
    treasury = stellar_treasury()
    found = {account: _read(account) for account in treasury.channels}
    missing = [account for account, read in found.items() if read is None]
    if missing and not dry_run:
        _create(missing, actor)
        found |= {account: _read(account) for account in missing}
    return [
        Channel(account, _held(read), created=account in missing and read is not None)
        for account, read in found.items()
    ]


def _held(account: LedgerAccount | None) -> int | None:
    return None if account is None else account.balances[NATIVE].stroops


def _create(accounts: list[str], actor: Actor) -> None:
    treasury, rail = stellar_treasury(), horizon_rail()
    wait_for_turn(rail.name)
    state = rail.state()
    payer = _read(treasury.account)
    if isinstance(state, Unreachable) or payer is None:
        raise RailUnavailable("The treasury's account could not be read.", retry_after=5)
    signed = treasury.create_accounts(
        accounts,
        starting_stroops=STARTING_STROOPS,
        sequence=payer.sequence + 1,
        max_time=state.value.closed_at + settings.STELLAR_TX_SECONDS,
        fee_per_operation=settings.STELLAR_MAX_FEE_STROOPS,
    )
    snapshot = {"hash": signed.hash, "accounts": accounts, "stroops_each": STARTING_STROOPS}
    record(Note("stellar:channels", "stellar.channels_requested", actor, snapshot=snapshot))
    wait_for_turn(rail.name)
    answer = rail.submit(signed.xdr)
    if not isinstance(answer, Done) or not answer.value.successful:
        said = answer.value.code if isinstance(answer, Done) else answer.reason
        raise RailUnavailable(
            f"The ledger has not made them so far ({said}). Run this again.", retry_after=10
        )


def _read(account: str) -> LedgerAccount | None:
    rail = horizon_rail()
    wait_for_turn(rail.name)
    read = rail.account(account)
    if isinstance(read, Unreachable):
        raise RailUnavailable(f"Horizon could not be asked: {read.reason}.", retry_after=5)
    return read.value
