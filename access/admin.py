"""Users, roles and tokens in the console. Every permission is a question to the policy, every change is audited."""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from access.actors import actor_from_request
from access.models import ApiToken
from access.people import PersonForm, keep_regions
from access.policy import may, sees
from access.roles import ROLE_BY_NAME, ROLE_CAPABILITIES, Role
from audit.record import Note, record

_WARN_BEFORE = timedelta(days=14)

# Ours take their place, or nothing does: secrets and sessions are no records to browse.
for model in (User, Group, EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)


class _Governed(ModelAdmin):  # type: ignore[misc]  # unfold has no type hints
    """View with `access.read`, change with `access.manage`; nothing is ever deleted."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """By the list's own filters only: `?digest__startswith=` would tell of a token what no page shows."""
        allowed: bool = super().lookup_allowed(lookup, value, request)
        column, lookups, _ = lookup.partition("__")
        return allowed and (not lookups or column in self.list_filter)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return sees(request, "access.read")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees(request, "access.read")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _manages(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _manages(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _manages(request: HttpRequest) -> bool:
    # The sidebar of every page asks as well; a form that is sent asks afresh.
    if request.method in ("GET", "HEAD"):
        return sees(request, "access.manage")
    return may(request.user, "access.manage")


@admin.register(User)
class OperatorAdmin(_Governed, UserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """People. They are deactivated, not deleted: the audit log still names them."""

    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "regions", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "groups")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "regions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = ("end_sessions", "reset_second_factor")

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Asked by the actions below."""
        return may(request.user, "access.manage")

    @admin.action(description="End all sessions of the selected people", permissions=["manage"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Whoever is logged in as one of them is logged out at the next click. Comes as a POST only."""
        with transaction.atomic():
            for session in UserSession.objects.filter(user__in=queryset):
                session.end()
            _note_users(request, queryset, "user.sessions_ended")
        self.message_user(request, "Their sessions are ended.", messages.SUCCESS)

    @admin.action(
        description="Remove the second factor of the selected people", permissions=["manage"]
    )
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For a lost phone or key: they set up another at their next login. Their sessions end."""
        with transaction.atomic():
            Authenticator.objects.filter(user__in=queryset).delete()
            for session in UserSession.objects.filter(user__in=queryset):
                session.end()
            _note_users(request, queryset, "user.second_factor_removed")
        self.message_user(
            request, "They set up a new second factor at their next login.", messages.SUCCESS
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups", "region_scopes")

    @admin.display(description="role")
    def role(self, user: User) -> str:
        """The user's roles as one text."""
        if user.is_superuser:
            return Role.SUPER_ADMIN.value
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none"

    @admin.display(description="regions")
    def regions(self, user: User) -> str:
        """Those whose payouts they see."""
        return ", ".join(sorted(one.region for one in user.region_scopes.all())) or "all"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        if "regions" in form.cleaned_data:
            keep_regions(form.instance, form.cleaned_data["regions"])

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        _note_user(request, obj, "user.created")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        _note_user(request, obj, "user.changed")
        return super().log_change(request, obj, message)


def _note_users(request: HttpRequest, people: QuerySet[User], action: str) -> None:
    actor = actor_from_request(request)
    record(
        *(
            Note(subject=f"user:{pk}", action=action, actor=actor)
            for pk in people.values_list("pk", flat=True)
        )
    )


def _note_user(request: HttpRequest, user: User, action: str) -> None:
    snapshot = {
        "username": user.username,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "regions": sorted(user.region_scopes.values_list("region", flat=True)),
    }
    actor = actor_from_request(request)
    record(Note(subject=f"user:{user.pk}", action=action, actor=actor, snapshot=snapshot))


@admin.register(Group)
class RoleAdmin(_Governed, GroupAdmin):
    """The roles and what they may do, for reading: the table itself is code."""

    list_display = ("name", "capabilities")
    fields = ("name", "capabilities")
    readonly_fields = ("name", "capabilities")
    filter_horizontal = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display
    def capabilities(self, group: Group) -> str:
        """What the role of this name may do."""
        role = ROLE_BY_NAME.get(group.name)
        return ", ".join(sorted(ROLE_CAPABILITIES[role])) if role else "nothing"


@admin.register(ApiToken)
class ApiTokenAdmin(_Governed):
    """Tokens: who has one, what it may do, when it was last used. Made by `create_api_token`, revoked here.

    `rotate_api_token` gives one a successor: a new secret is for a terminal, not for a page in somebody's history.
    """

    list_display = ("name", "id", "user", "scope", "created", "ends", "last_used_at")
    list_filter = ("user",)
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    ordering = ("-id",)
    fields = readonly_fields = (
        "name",
        "user",
        "scope",
        "created",
        "ends",
        "last_used_at",
        "rotated_at",
        "revoked_at",
    )
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Asked by the action below."""
        return may(request.user, "access.manage")

    @admin.display(description="scopes")
    def scope(self, token: ApiToken) -> str:
        """The scopes, or what none means."""
        return ", ".join(token.scopes) or "all of the role"

    @admin.display(description="works until", ordering="expiry")
    def ends(self, token: ApiToken) -> str:
        """The day, and a warning while there is still time to rotate it."""
        if token.revoked_at is not None:
            return f"revoked {token.revoked_at:%Y-%m-%d}"
        now = timezone.now()
        if token.expiry is None or token.expiry > now + _WARN_BEFORE:
            return "no end" if token.expiry is None else f"{token.expiry:%Y-%m-%d}"
        if token.expiry <= now:
            return f"ended {token.expiry:%Y-%m-%d}"
        left = f"{timesince(now, token.expiry, depth=1)} left"
        return f"{left}, rotated" if token.rotated_at else f"{left}: rotate_api_token {token.pk}"

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Refuse these tokens from now on. Comes as a POST from the list's form only."""
        actor = actor_from_request(request)
        with transaction.atomic():
            live = list(queryset.filter(revoked_at__isnull=True).select_for_update(of=("self",)))
            ApiToken.objects.filter(pk__in=[token.pk for token in live]).update(revoked_at=Now())
            record(
                *(
                    Note(subject=f"api_token:{token.pk}", action="token.revoked", actor=actor)
                    for token in live
                )
            )
        self.message_user(request, f"{len(live)} token(s) revoked.", messages.SUCCESS)
