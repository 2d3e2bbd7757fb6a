from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"
    verbose_name = "Payout review"

    def ready(self) -> None:
        # Models can be imported only now that every app is loaded.
        from payouts.console import commissions, story  # noqa: PLC0415
        from payouts.quotes import register_quoter  # noqa: PLC0415
        from payouts.regions import register  # noqa: PLC0415
        from payouts.source import PayoutSource  # noqa: PLC0415
        from payouts.wise_quotes import quote_from_wise  # noqa: PLC0415
        from transfers.console.tellers import tell  # noqa: PLC0415
        from transfers.sources import register_source  # noqa: PLC0415

        register()
        register_source("payout", PayoutSource())
        register_quoter("wise", quote_from_wise)
        tell(("payout",), story.told)
        tell(("commission",), commissions.told)
