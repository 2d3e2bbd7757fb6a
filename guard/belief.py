"""What a caller believes about one object whose row is read, and locked, before something beside its status is done."""

from typing import Protocol

from guard.errors import Conflicted


class Versioned(Protocol):
    """Any row with a version and a status."""

    @property
    def version(self) -> int:
        """One more with every change."""
        ...

    @property
    def status(self) -> str:
        """Where it stands."""
        ...


def require_version(row: Versioned, believed: int | None) -> None:
    """Raise Conflicted (409, with `current_version`) when `row` is not at the version believed in; None = any.

    Read `row` under a lock in the transaction of the work. Where a status moves, hand the version to the door instead.
    """
    if believed is not None and believed != row.version:
        raise Conflicted(
            f"It is at version {row.version}, not {believed}.",
            current_status=row.status,
            current_version=row.version,
        )
