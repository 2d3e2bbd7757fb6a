"""Names of people in rows that people read."""

from audit.actor import Actor


def person(actor: Actor) -> str:
    """The name people know: a token acts for its user, whose name has no slash."""
    return actor.name.partition("/")[0] if actor.kind == "token" else actor.name
