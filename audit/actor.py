"""Who did it: every service takes one `Actor`, never an optional user here and a token there."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["user", "token", "command", "worker", "rail", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an integrator's token, a command, a worker or a rail's own message.

    `name` is what people read in the audit log; `request_id` ties the entry to the request's log lines.
    """

    kind: Kind
    name: str
    user_id: int | None = None
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SWEEP = Actor(kind="worker", name="sweep")
