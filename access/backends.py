"""Django's own permission questions (`app.view_model`), answered from roles instead of per-user permission rows.

It serves admin pages of other people's apps; our own pages ask `access.policy` directly.
"""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from access.policy import roles_of
from access.roles import Role

_KNOWN = "_known_roles"


def _known_roles(user: User) -> set[Role]:
    """Read once for each object, as Django does with its own permissions: one page asks forty times.

    Every request loads its user anew, so a change of roles holds from the next request on.
    """
    known: set[Role] | None = getattr(user, _KNOWN, None)
    if known is None:
        known = roles_of(user)
        setattr(user, _KNOWN, known)
    return known


def known_as(user: User, roles: set[Role]) -> None:
    """Answer for this object as if the user had these roles: for asking what somebody of a role would see."""
    setattr(user, _KNOWN, roles)


class RoleBackend(ModelBackend):
    """super_admin may all, auditor may view all; for everybody else a page must ask the policy."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        roles = _known_roles(user_obj)
        if Role.SUPER_ADMIN in roles:
            return True
        return Role.AUDITOR in roles and perm.partition(".")[2].startswith("view_")

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        return not _known_roles(user_obj).isdisjoint({Role.SUPER_ADMIN, Role.AUDITOR})
