"""The one policy. Admin, API and commands ask here and nowhere else.

Roles are read from the database on every question about what is done, so a demotion holds at once, also in the middle
of a session; what a page shows is asked once a request.
"""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.db import transaction
from django.http import HttpRequest

from access.models import ApiToken
from access.roles import (
    CAPABILITIES,
    CAPABILITY_SCOPE,
    CONSOLE_ROLES,
    ROLE_BY_NAME,
    ROLE_CAPABILITIES,
    Capability,
    Role,
)

AnyUser = AbstractBaseUser | AnonymousUser
_SEEN = "_seen_capabilities"


def may(user: AnyUser, capability: Capability, token: ApiToken | None = None) -> bool:
    """Whether `user`, acting through `token` if there is one, may do this now.

    Raises LookupError for a capability that the table does not know: that is a programming error, not a no.
    """
    if capability not in CAPABILITIES:
        raise LookupError(f"unknown capability {capability!r}")
    return capability in capabilities_of(user, token)


def sees(request: HttpRequest, capability: Capability) -> bool:
    """May this user do it, as far as the page that is being drawn is concerned? One query a request.

    What is done asks `may`, which reads the roles again.
    """
    granted: frozenset[Capability] | None = getattr(request, _SEEN, None)
    if granted is None:
        granted = capabilities_of(request.user)
        setattr(request, _SEEN, granted)
    return capability in granted


def seen_as(request: HttpRequest, granted: frozenset[Capability]) -> None:
    """Draw for this request as if these were all that its user may: for asking what somebody of a role would see."""
    setattr(request, _SEEN, granted)


def capabilities_of(user: AnyUser, token: ApiToken | None = None) -> frozenset[Capability]:
    """All that `user` may do now, narrowed by the token's scopes. One query at most.

    A token that was authenticated for this very request carries the roles it was read with.
    """
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    granted: frozenset[Capability] = frozenset()
    for role in _roles_of(user, token):
        granted |= ROLE_CAPABILITIES[role]
    if token is not None and token.scopes:
        granted = frozenset(one for one in granted if CAPABILITY_SCOPE[one] in token.scopes)
    return granted


def roles_of(user: User) -> set[Role]:
    """The roles `user` has now; a Django superuser is a super_admin. One query."""
    return _roles_of(user, None)


def _roles_of(user: User, token: ApiToken | None) -> set[Role]:
    if user.is_superuser:
        return {Role.SUPER_ADMIN}
    names = getattr(token, "role_names", None)
    if names is None:
        names = Group.objects.filter(user=user).values_list("name", flat=True)
    return {ROLE_BY_NAME[name] for name in names if name in ROLE_BY_NAME}


def assign_role(user: User, role: Role) -> None:
    """Make `role` the only role of `user`; console roles may log in to the console. Own transaction."""
    with transaction.atomic():
        group, _ = Group.objects.get_or_create(name=role.value)
        others = Group.objects.filter(name__in=[one.value for one in Role]).exclude(pk=group.pk)
        user.groups.remove(*others)
        user.groups.add(group)
        User.objects.filter(pk=user.pk).update(is_staff=role in CONSOLE_ROLES)
    user.is_staff = role in CONSOLE_ROLES
