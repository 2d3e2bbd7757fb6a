"""The console's one way in: name and password, then the second factor where the person has one, or a passkey.

django-allauth runs the stages; the page keeps the address and the field names of Django's admin.
"""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest


class ConsoleLoginForm(LoginForm):  # type: ignore[misc]  # allauth has no type hints
    """allauth's form with the admin's `username`."""

    user: User | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = self.fields.pop("login")

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for wrong credentials and for too many of them."""
        self.cleaned_data["login"] = self.cleaned_data.get("username", "").strip()
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class ConsoleLogin(LoginView):  # type: ignore[misc]  # allauth has no type hints
    """The page at the admin's own address."""

    template_name = "admin/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | admin.site.each_context(self.request)


def console_frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the console's frame around allauth's pages, which know nothing of it."""
    return admin.site.each_context(request) if request.path.startswith("/account/") else {}
