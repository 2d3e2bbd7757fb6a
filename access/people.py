"""The form of a person's page: who they are, their roles, and the regions they are held to."""

import re
from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminTextInputWidget

from access.models import RegionScope

_REGION: Final = re.compile(r"[A-Z0-9_-]{1,8}")


class RegionsField(forms.CharField):
    """`EU, TR`. Cleaned, it is the names in capitals."""

    def clean(self, value: Any) -> list[str]:
        """Raises ValidationError for what is no name of a region."""
        text: str = super().clean(value)
        found = sorted({one.strip().upper() for one in text.split(",") if one.strip()})
        for one in found:
            if not _REGION.fullmatch(one):
                raise ValidationError(
                    f"“{one}” is not a region: up to 8 letters, such as EU or TR."
                )
        return found


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold has no type hints
    """Django's own, and regions."""

    regions = RegionsField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=(
            "Such as EU, TR: they see and decide payouts, payees and commissions of these only. "
            "Empty: of all regions. It holds from their next click on."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "regions" in self.fields:
            names = self.instance.region_scopes.values_list("region", flat=True)
            self.fields["regions"].initial = ", ".join(sorted(names))


def keep_regions(user: User, regions: list[str]) -> None:
    """Hold `user` to exactly these; an empty list frees them. In the caller's transaction."""
    scopes = RegionScope.objects.filter(user=user)
    scopes.exclude(region__in=regions).delete()
    RegionScope.objects.bulk_create(
        [RegionScope(user=user, region=one) for one in regions], ignore_conflicts=True
    )
