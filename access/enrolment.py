"""Setting up a second factor. Whoever just did has shown it: their session goes on, every other one must show it."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.http import HttpResponse


class ActivateApp(ActivateTOTPView):  # type: ignore[misc]  # allauth has no type hints
    """An authenticator app, with a code of it."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, "mfa", type="totp")
        return response


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]  # allauth has no type hints
    """A passkey, with a signature of it."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        record_authentication(self.request, self.request.user, "mfa", type="webauthn")
        return response
