"""One line of the doctor, and what a check that breaks becomes."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Line:
    """What was looked at, how it is, and what to do; `todo` is empty when it is well."""

    name: str
    verdict: Verdict
    found: str
    todo: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


Check = Callable[[], Iterable[Line]]


def ok(name: str, found: str) -> Line:
    """As it should be."""
    return Line(name, "ok", found)


def warn(name: str, found: str, todo: str) -> Line:
    """It works, and will not for ever."""
    return Line(name, "warn", found, todo)


def fail(name: str, found: str, todo: str) -> Line:
    """Money is late, or a promise does not hold."""
    return Line(name, "fail", found, todo)


def examine(room: str, checks: Iterable[Check]) -> list[Line]:
    """All lines of the checks. One that breaks is a line itself: the kind of the error, never its text."""
    lines: list[Line] = []
    for check in checks:
        try:
            lines.extend(check())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks still say what they see
            name = check.__name__.strip("_").replace("_", " ")
            lines.append(
                fail(
                    f"{room}: {name}",
                    f"could not look: {type(error).__name__}",
                    "see the lines above",
                )
            )
    return lines
