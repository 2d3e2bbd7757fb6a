"""`python -m sandbox --port P --data-dir DIR`: the stand-ins for the rails, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from sandbox.console import Console
from sandbox.journal import JournalCorruptError, JournalInUseError
from sandbox.server import Server
from sandbox.stripe.rail import StripeRail


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--data-dir", type=Path, required=True, help="where the books are kept")
    return parser.parse_args()


async def run(host: str, port: int, data_dir: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    stripe = StripeRail(
        data_dir,
        os.environ.get("STRIPE_WEBHOOK_URL", ""),
        os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
    )
    await stripe.start()
    listener = await Server([stripe], Console(stripe).handle).listen(host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    bound = listener.sockets[0].getsockname()[1]
    sys.stdout.write(f"sandbox listening on http://{host}:{bound}\n")
    sys.stdout.flush()
    await stop.wait()
    listener.close()
    await stripe.stop()


def main() -> int:
    """Exit status: 1 if the books or the port are not to be had."""
    options = arguments()
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(levelname)s %(message)s")
    try:
        asyncio.run(run(options.host, options.port, options.data_dir))
    except (JournalInUseError, JournalCorruptError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
