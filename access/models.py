"""API tokens: only a SHA-512 digest is kept, each expires, and a revoked one stays visible with its last use.

And which regions a person is held to; nobody is until somebody says so.
"""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from knox.models import AbstractAuthToken
from knox.settings import CONSTANTS

from access.roles import SCOPES


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox has no type hints
    """A program's credential for one user. Empty `scopes` means: whatever its user's role may do."""

    # knox makes the digest the primary key, which would put it into the console's addresses.
    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=CONSTANTS.DIGEST_LENGTH, unique=True, editable=False)
    name = models.CharField(max_length=100, blank=True)
    scopes = ArrayField(
        models.CharField(max_length=10, choices=[(scope, scope) for scope in SCOPES]),
        default=list,
        blank=True,
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Group names and regions of the user, read together with the token; only set by BearerTokenAuthentication.
    role_names: list[str]
    region_names: list[str]

    class Meta:
        verbose_name = "API token"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=list(SCOPES)),
                name="api_token_has_known_scopes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} / {self.name or self.token_key[:6] + '…'}"


class RegionScope(models.Model):
    """One region whose payouts, payees and commissions a person sees. Without any, they see all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="region_scopes")
    region = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("user", "region"), name="one_scope_per_person_and_region"
            ),
            models.CheckConstraint(
                condition=~models.Q(region=""), name="region_scope_names_a_region"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} / {self.region}"
