"""The one shape of a refusal: a stable `code` (one code = one next step for the caller) and an HTTP status.

Services raise subclasses; the API turns them into problem+json, commands and the console into a sentence.
"""

from typing import Any, ClassVar


class Refused(Exception):
    """Something was asked that cannot be done; nothing was changed, except the audit entry that says so."""

    code: ClassVar[str] = "refused"
    http_status: ClassVar[int] = 409
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra  # members added to the problem document, JSON-serialisable


class NotFound(Refused):
    """The thing does not exist, or the caller may not see it; the two are not told apart."""

    code = "not_found"
    http_status = 404
    title = "Not found"


class Invalid(Refused):
    """A value is malformed or breaks a rule about itself. `errors` lists field, code and message."""

    code = "validation_error"
    http_status = 422
    title = "Some values are not acceptable"

    def __init__(self, detail: str, *, field: str = "", code: str = "invalid") -> None:
        super().__init__(detail, errors=[{"field": field, "code": code, "message": detail}])


class PermissionDenied(Refused):
    """The actor is known and may not do this."""

    code = "permission_denied"
    http_status = 403
    title = "Not allowed"


class IllegalTransition(Refused):
    """The step from the believed status to the wanted one is not in the table."""

    code = "illegal_transition"
    http_status = 422
    title = "This step does not exist"


class Conflicted(Refused):
    """The row is no longer as the caller believed; `extra` says how it is now and who made it so."""

    code = "conflict"
    http_status = 409
    title = "Somebody else was faster"
