"""Which driver moves money on which rail."""

from guard.errors import Refused
from transfers.drivers.protocol import Driver
from transfers.drivers.stellar import StellarDriver
from transfers.drivers.stripe import StripeDriver
from transfers.drivers.wise import WiseDriver
from transfers.models import Rail

_DRIVERS: dict[str, Driver] = {
    Rail.STRIPE: StripeDriver(),
    Rail.WISE: WiseDriver(),
    Rail.STELLAR: StellarDriver(),
}


class NoSuchRail(Refused):
    """Nothing here moves money on this rail; nothing was sent."""

    code = "rail_paused"
    http_status = 503
    title = "The rail is not available"


def driver_for(rail: str) -> Driver:
    """Raises NoSuchRail (503)."""
    try:
        return _DRIVERS[rail]
    except KeyError:
        raise NoSuchRail(f"{rail} pays nothing here.", reason="no such rail") from None
