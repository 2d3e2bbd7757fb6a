"""A person's own account: second factor, sessions, password. allauth's sign-up and e-mail pages have no address."""

from allauth.account import views
from django.urls import include, path
from django.views.generic import RedirectView

from access.enrolment import ActivateApp, AddPasskey

urlpatterns = [
    path(
        "login/",
        RedirectView.as_view(pattern_name="admin:login", query_string=True),
        name="account_login",
    ),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("confirm/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("second-factor/totp/activate/", ActivateApp.as_view(), name="mfa_activate_totp"),
    path("second-factor/webauthn/add/", AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
