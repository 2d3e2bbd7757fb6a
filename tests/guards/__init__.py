"""`python -m tests.guards` (`./dev test-guards`): remove each safeguard in turn and see a named test fail.

Each one is removed by replacing exact text in a temporary copy of the repository; a text that is gone is an error,
so that these lists cannot quietly stop proving anything. A safeguard whose removal no test notices fails the run.
A file a room.
"""

from tests.guards import (
    access,
    attacks,
    audit,
    checkout,
    door,
    payouts,
    releases,
    stellar,
    transfers,
    webhooks,
    wise,
)
from tests.guards.guard import Guard

GUARDS: tuple[Guard, ...] = (
    *door.GUARDS,
    *transfers.GUARDS,
    *wise.GUARDS,
    *stellar.GUARDS,
    *payouts.GUARDS,
    *releases.GUARDS,
    *checkout.GUARDS,
    *webhooks.GUARDS,
    *audit.GUARDS,
    *access.GUARDS,
    *attacks.GUARDS,
)
