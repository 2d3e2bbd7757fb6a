from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "checkout"
    verbose_name = "Checkout"

    def ready(self) -> None:
        # Models can be imported only now that every app is loaded.
        from checkout.console.story import NOUNS, told  # noqa: PLC0415
        from checkout.source import RefundSource  # noqa: PLC0415
        from transfers.console.tellers import tell  # noqa: PLC0415
        from transfers.sources import register_source  # noqa: PLC0415

        register_source("refund", RefundSource())
        tell(NOUNS, told)
