"""The table of roles holds, scopes only ever narrow it, and a demotion is effective at once."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from access.models import ApiToken
from access.policy import assign_role, capabilities_of, may, roles_of
from access.roles import CAPABILITIES, CAPABILITY_SCOPE, READS, ROLE_CAPABILITIES, Role

Person = Callable[[str], User]
TokenFor = Callable[..., tuple[ApiToken, str]]


def test_roles_exist_as_groups_after_migration(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= {role.value for role in Role}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_exactly_what_the_table_says(person: Person, role: Role) -> None:
    user = person(role)
    for capability in CAPABILITIES:
        assert may(user, capability) == (capability in ROLE_CAPABILITIES[role])


def test_the_table_says_what_was_agreed() -> None:
    assert ROLE_CAPABILITIES[Role.SUPER_ADMIN] == CAPABILITIES
    assert ROLE_CAPABILITIES[Role.AUDITOR] == READS
    operator = ROLE_CAPABILITIES[Role.OPERATOR]
    assert {"transfer.pay", "transfer.retry", "transfer.confirm", "booking.create"} <= operator
    assert not {"transfer.reverse", "webhook.manage", "access.manage", "access.read"} & operator
    integrator = ROLE_CAPABILITIES[Role.INTEGRATOR]
    assert {"transfer.pay", "webhook.manage"} <= integrator
    assert not {"transfer.reverse", "audit.read", "finding.read"} & integrator


def test_nobody_may_nothing(person: Person) -> None:
    assert capabilities_of(person("")) == frozenset()
    assert capabilities_of(AnonymousUser()) == frozenset()


def test_a_superuser_is_a_super_admin(person: Person) -> None:
    user = person("")
    user.is_superuser = True
    assert roles_of(user) == {Role.SUPER_ADMIN}
    assert capabilities_of(user) == CAPABILITIES


def test_an_inactive_user_may_nothing_whatever_the_role(person: Person) -> None:
    user = person("super_admin")
    user.is_active = False
    assert capabilities_of(user) == frozenset()


def test_a_group_of_another_name_gives_nothing(person: Person) -> None:
    user = person("")
    user.groups.add(Group.objects.create(name="accountants"))
    assert capabilities_of(user) == frozenset()


def test_scopes_narrow_and_never_widen(person: Person, token_for: TokenFor) -> None:
    auditor = person("auditor")
    everything, _ = token_for(auditor, "read", "write", "review")
    assert capabilities_of(auditor, everything) == READS
    admin = person("super_admin")
    reader, _ = token_for(admin, "read")
    assert capabilities_of(admin, reader) == {
        one for one, scope in CAPABILITY_SCOPE.items() if scope == "read"
    }
    writer, _ = token_for(admin, "write")
    assert not may(admin, "transfer.read", writer)
    assert may(admin, "transfer.pay", writer)


def test_demotion_holds_for_a_user_object_that_is_already_loaded(person: Person) -> None:
    user = person("operator")
    assert may(user, "transfer.pay")
    assign_role(User.objects.get(pk=user.pk), Role.AUDITOR)
    assert not may(user, "transfer.pay")
    assert roles_of(user) == {Role.AUDITOR}


def test_only_console_roles_may_log_in_to_the_console(person: Person) -> None:
    assert person("auditor").is_staff
    assert not person("integrator").is_staff
    moved = person("operator")
    assign_role(moved, Role.INTEGRATOR)
    assert not User.objects.get(pk=moved.pk).is_staff


def test_an_unknown_capability_is_an_error_not_a_no(person: Person) -> None:
    with pytest.raises(LookupError):
        may(person("super_admin"), "transfer.steal")  # type: ignore[arg-type]
