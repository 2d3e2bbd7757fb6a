"""The app `access`: who may do what."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Tokens, roles and the one policy."""

    name = "access"
    verbose_name = "Access"
