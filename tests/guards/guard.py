"""What a safeguard is, for the lists that name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """`old` must be there exactly `times` times; each is replaced."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True)
class Guard:
    """A safeguard, how it is removed, and the test that must then fail."""

    name: str
    edits: tuple[Edit, ...]
    test: str

    @property
    def changes_schema(self) -> bool:
        """Does the test database have to be made anew for it?"""
        return any("/migrations/" in edit.file for edit in self.edits)
