"""Who may call what: nobody without a token, nobody without the role, and every operation says so the same way."""

from collections.abc import Callable

import pytest

from audit.models import Entry
from tests.factories import make_booking
from tests.transfers_api.conftest import Caller, code_of

# method, path, a role that may not
OPERATIONS = [
    ("POST", "bookings", "auditor"),
    ("GET", "bookings", ""),
    ("GET", "bookings/BK-1", ""),
    ("GET", "bookings/BK-1/transfers/preview", ""),
    ("POST", "bookings/BK-1/transfers", "auditor"),
    ("GET", "bookings/BK-1/transfers", ""),
    ("GET", "transfers", ""),
    ("GET", "transfers/1", ""),
    ("POST", "transfers/1/retry", "auditor"),
    ("POST", "transfers/1/reverse", "operator"),
    ("POST", "transfers/1/confirm", "auditor"),
    ("GET", "audit/entries", "integrator"),
    ("GET", "audit/verification", "integrator"),
    ("GET", "findings", "integrator"),
    ("POST", "findings/1/resolve", "operator"),
]

pytestmark = pytest.mark.django_db


def call(caller: Caller, method: str, path: str) -> object:
    return caller.get(path) if method == "GET" else caller.post(path)


@pytest.mark.parametrize(("method", "path", "_role"), OPERATIONS)
def test_a_caller_without_a_token_is_asked_for_one(
    anonymous: Caller, method: str, path: str, _role: str
) -> None:
    response = call(anonymous, method, path)
    assert code_of(response) == (401, "not_authenticated")


@pytest.mark.parametrize(("method", "path", "role"), OPERATIONS)
def test_a_caller_without_the_role_is_refused(
    caller: Callable[[str], Caller], method: str, path: str, role: str
) -> None:
    make_booking(reference="BK-1")
    before = Entry.objects.filter(outcome="denied").count()
    assert code_of(call(caller(role), method, path)) == (403, "permission_denied")
    denied = Entry.objects.filter(outcome="denied").count() - before
    assert denied == (1 if method == "POST" else 0)


@pytest.mark.parametrize(("method", "path", "_role"), OPERATIONS)
def test_what_cannot_be_a_request_is_refused(
    api: Caller, method: str, path: str, _role: str
) -> None:
    if method == "GET":
        assert code_of(api.get(path, no_such_parameter="1")) == (422, "validation_error")
        return
    assert code_of(api.post(path, "{")) == (400, "invalid_json")
    assert code_of(api.post(path, '"text"')) == (422, "validation_error")
    assert code_of(api.post(path, "null")) == (422, "validation_error")
    assert code_of(api.post(path, {"no_such_member": 1})) == (422, "validation_error")
    assert code_of(api.post(path + "?no_such_parameter=1")) == (422, "validation_error")
