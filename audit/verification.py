"""Is the log what was written? A bounded answer for people who wait for it; `verify_audit` reads everything.

It recomputes what `audit.chain` does, for the newest entries, and says how far it looked: "intact" never claims
more than was read.
"""

from dataclasses import dataclass
from itertools import islice

from audit.chain import Damage, damaged_entries, damaged_seals
from audit.models import Entry, Seal

MOST_ENTRIES = 20_000
MOST_DAMAGES = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """`complete`: the whole log was read; else the chains and seals of entries beyond `beyond_entry` only."""

    complete: bool
    beyond_entry: int
    newest_entry: int | None
    newest_seal: Seal | None
    damages: list[Damage]

    @property
    def intact(self) -> bool:
        """Nothing that was read was tampered with."""
        return not self.damages


def verify_newest(*, most_entries: int = MOST_ENTRIES) -> Verification:
    """Recompute the chains and seals that the newest `most_entries` entries belong to. Reads only."""
    newest = Entry.objects.order_by("-id").values_list("id", flat=True).first()
    beyond = max(0, (newest or 0) - most_entries)
    found = [
        *islice(damaged_entries(beyond=beyond), MOST_DAMAGES),
        *islice(damaged_seals(beyond=beyond), MOST_DAMAGES),
    ]
    return Verification(
        complete=beyond == 0,
        beyond_entry=beyond,
        newest_entry=newest,
        newest_seal=Seal.objects.order_by("-id").first(),
        damages=found[:MOST_DAMAGES],
    )
