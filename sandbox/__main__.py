"""`python -m sandbox --port P --data-dir DIR`: the stand-ins for the rails, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
from pathlib import Path

from sandbox.console import Console, Page
from sandbox.journal import JournalCorruptError, JournalInUseError
from sandbox.server import Rail, Server
from sandbox.stripe.rail import StripeRail
from sandbox.wise.page import WisePage
from sandbox.wise.rail import WiseRail


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--wise-port", type=int, help="serve Wise there too; 0 takes a free one")
    parser.add_argument("--horizon-port", type=int, help="serve Horizon there; 0 takes a free one")
    parser.add_argument("--data-dir", type=Path, required=True, help="where the books are kept")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, data_dir = options.host, options.data_dir
    stripe = StripeRail(
        data_dir,
        os.environ.get("STRIPE_WEBHOOK_URL", ""),
        os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
    )
    # A port of its own for each, because /v1/transfers is Stripe's path as well as Wise's.
    own: list[tuple[str, Rail, int]] = []
    pages: list[Page] = []
    if options.wise_port is not None:
        wise = WiseRail(data_dir, os.environ.get("WISE_WEBHOOK_URL", ""))
        own.append(("Wise", wise, options.wise_port))
        pages.append(WisePage(wise))
    if options.horizon_port is not None:
        # stellar_sdk takes most of a second to import: only whoever wants it waits for it.
        horizon = importlib.import_module("sandbox.horizon.rail").HorizonRail(data_dir)
        own.append(("Horizon", horizon, options.horizon_port))
        pages.append(importlib.import_module("sandbox.horizon.page").HorizonPage(horizon))
        pages.append(importlib.import_module("sandbox.horizon.wallet_page").WalletPage(horizon))
    rails: list[Rail] = [*(rail for _, rail, _ in own), stripe]
    for rail in rails:
        await rail.start()
    console = Console(stripe, pages)
    listeners = [await Server(rails, console.handle).listen(host, options.port)]
    announced = f"sandbox listening on {address(host, listeners[0])}"
    for name, rail, port in own:
        listeners.append(await Server([], rail.handle).listen(host, port))
        announced += f" and for {name} on {address(host, listeners[-1])}"
    sys.stdout.write(f"{announced}\n")
    sys.stdout.flush()
    await stopped()
    for listener in listeners:
        listener.close()
    for rail in rails:
        await rail.stop()


async def stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


def address(host: str, listener: asyncio.Server) -> str:
    """Where it listens."""
    return f"http://{host}:{listener.sockets[0].getsockname()[1]}"


def main() -> int:
    """Exit status: 1 if the books or the port are not to be had."""
    options = arguments()
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(levelname)s %(message)s")
    try:
        asyncio.run(run(options))
    except (JournalInUseError, JournalCorruptError, OSError, ValueError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
