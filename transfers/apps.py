from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "transfers"
    verbose_name = "Money"

    def ready(self) -> None:
        # Models can be imported only now that every app is loaded.
        from transfers.regions import register  # noqa: PLC0415

        register()
