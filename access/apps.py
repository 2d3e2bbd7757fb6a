"""The app `access`: who may do what."""

from django.apps import AppConfig, apps


class AccessConfig(AppConfig):
    """Tokens, roles and the one policy."""

    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        """People and roles are Django's models and this room's words: one name on the console for all of them."""
        apps.get_app_config("auth").verbose_name = self.verbose_name
