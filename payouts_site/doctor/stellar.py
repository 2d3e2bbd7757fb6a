"""Stellar: what is set, then what Horizon says of the network and of each of our accounts. Never a secret of theirs."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Final

from django.conf import settings

from money import Money
from payouts_site.doctor.line import Check, Line, fail, ok, warn
from rails.answers import Unreachable
from rails.horizon_values import NATIVE, LedgerAccount
from rails.stellar_addresses import is_account
from transfers.drivers.stellar_check import spendable
from transfers.rail_access import RailNotConfigured, stellar_treasury

if TYPE_CHECKING:
    from rails.horizon import HorizonRail

_TIMEOUT_SECONDS: Final = 3.0
# Of a channel, above the reserve: 1,000 transactions of one payment at the lowest fee.
_CHANNEL_LOW_STROOPS: Final = 100_000


def _configured() -> Iterator[Line]:
    if not settings.HORIZON_URL:
        yield warn(
            "Stellar", "off: no HORIZON_URL", "set it to pay and be paid in Stellar's assets"
        )
        return
    if is_account(settings.STELLAR_RECEIVING_ACCOUNT):
        yield ok("STELLAR_RECEIVING_ACCOUNT", settings.STELLAR_RECEIVING_ACCOUNT)
    elif settings.STELLAR_RECEIVING_ACCOUNT:
        # Not repeated: somebody may have taken the secret for it.
        yield fail("STELLAR_RECEIVING_ACCOUNT", "no account", "it is G… and 55 characters more")
    else:
        yield warn("STELLAR_RECEIVING_ACCOUNT", "missing", "set it to take payments in")
    if not settings.STELLAR_TREASURY_SECRET:
        yield warn("STELLAR_TREASURY_SECRET", "missing", "set it to pay out and to refund")
        return
    try:
        treasury = stellar_treasury()
    except RailNotConfigured:
        todo = "S… and 55 characters more, each of STELLAR_CHANNEL_SECRETS as well"
        yield fail("STELLAR_TREASURY_SECRET", "no secret key, or a channel's is none", todo)
    else:
        yield ok("STELLAR_TREASURY_SECRET", f"of {treasury.account}")


def _ledger() -> Iterator[Line]:
    """Questions without a turn of the rail's pace: they are few."""
    if not settings.HORIZON_URL:
        return
    from rails.horizon import HorizonRail  # noqa: PLC0415 - loading it takes a second, and few processes need it

    horizon = HorizonRail(
        url=settings.HORIZON_URL,
        network_passphrase=settings.STELLAR_NETWORK_PASSPHRASE,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    with closing(horizon):
        state = horizon.state()
        if isinstance(state, Unreachable):
            # Also one of another network: there no answer about an account means anything.
            todo = "look at HORIZON_URL, and whether STELLAR_NETWORK_PASSPHRASE is its network's"
            yield fail("Horizon", state.reason, todo)
            return
        yield ok("Horizon", f"ledger {state.value.ledger} of {state.value.network_passphrase!r}")
        yield from _accounts(horizon)


def _accounts(horizon: "HorizonRail") -> Iterator[Line]:
    if is_account(settings.STELLAR_RECEIVING_ACCOUNT):
        yield from _account(horizon, "receiving account", settings.STELLAR_RECEIVING_ACCOUNT)
    try:
        treasury = stellar_treasury()
    except RailNotConfigured:
        return  # the configuration's lines say it
    yield from _account(horizon, "treasury", treasury.account)
    for number, channel in enumerate(treasury.channels, 1):
        if channel != treasury.account:
            yield _channel(horizon, f"channel {number}", channel)


def _account(horizon: "HorizonRail", name: str, address: str) -> Iterator[Line]:
    """It exists, and may hold each asset that payouts may use."""
    read = horizon.account(address)
    if isinstance(read, Unreachable):
        yield fail(f"Stellar {name}", f"not read: {read.reason}", "run this again")
        return
    account = read.value
    if account is None:
        yield fail(f"Stellar {name}", f"{address} does not exist", "send it its first XLM")
        return
    missing = [
        code
        for code, issuer in settings.STELLAR_ASSETS.items()
        if issuer != address and f"{code}:{issuer}" not in account.balances
    ]
    text = f"{address} has {_free(account)}"
    if missing:
        todo = "open a trust line for each, or take them out of STELLAR_ASSETS"
        yield warn(f"Stellar {name}", f"{text}; it may not hold {', '.join(missing)}", todo)
    else:
        yield ok(f"Stellar {name}", text)


def _channel(horizon: "HorizonRail", name: str, address: str) -> Line:
    read = horizon.account(address)
    if isinstance(read, Unreachable):
        return fail(f"Stellar {name}", f"not read: {read.reason}", "run this again")
    if read.value is None:
        todo = "manage.py stellar_channels makes it"
        return fail(f"Stellar {name}", f"{address} does not exist", todo)
    text = f"{address} has {_free(read.value)} for fees"
    if (spendable(read.value, NATIVE) or 0) < _CHANNEL_LOW_STROOPS:
        todo = "send it 5 XLM: without any its transactions are refused"
        return fail(f"Stellar {name}", text, todo)
    return ok(f"Stellar {name}", text)


def _free(account: LedgerAccount) -> str:
    return str(Money(spendable(account, NATIVE) or 0, NATIVE))


CONFIGURATION: Final[tuple[Check, ...]] = (_configured,)
CHECKS: Final[tuple[Check, ...]] = (_ledger,)
