"""What every worker process sweeps for."""

from transfers.sweep import Progress, Sweeper
from webhooks import sweep as deliveries
from webhooks.wire import TOTAL_SECONDS


def sweepers(progress: Progress) -> list[Sweeper]:
    """One for money, which calls `progress`, and one for webhooks, each with threads of its own; not started yet.

    An integrator that is slow to answer holds up no transfer.
    """
    webhooks = Sweeper(
        sweep=deliveries.DeliverySweep(),
        name="webhooks",
        threads=deliveries.THREADS,
        interval=deliveries.INTERVAL_SECONDS,
        full=deliveries.THREADS,
        longest_call=TOTAL_SECONDS,
    )
    return [Sweeper(progress), webhooks]
