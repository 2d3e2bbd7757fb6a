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
    parser.add_argument("--data-dir", type=Path, required=True, help="where the books are kept")
    return parser.parse_args()


async def run(host: str, port: int, wise_port: int | None, data_dir: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    stripe = StripeRail(
        data_dir,
        os.environ.get("STRIPE_WEBHOOK_URL", ""),
        os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
    )
    wise = None
    if wise_port is not None:
        wise = WiseRail(data_dir, os.environ.get("WISE_WEBHOOK_URL", ""))
    rails: list[Rail] = [stripe] if wise is None else [wise, stripe]
    for rail in rails:
        await rail.start()
    console = Console(stripe, None if wise is None else WisePage(wise))
    listeners = [await Server(rails, console.handle).listen(host, port)]
    announced = f"sandbox listening on {address(host, listeners[0])}"
    if wise is not None and wise_port is not None:
        # A port of its own, because /v1/transfers is Stripe's path too.
        listeners.append(await Server([], wise.handle).listen(host, wise_port))
        announced += f" and for Wise on {address(host, listeners[1])}"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    sys.stdout.write(f"{announced}\n")
    sys.stdout.flush()
    await stop.wait()
    for listener in listeners:
        listener.close()
    for rail in rails:
        await rail.stop()


def address(host: str, listener: asyncio.Server) -> str:
    """Where it listens."""
    return f"http://{host}:{listener.sockets[0].getsockname()[1]}"


def main() -> int:
    """Exit status: 1 if the books or the port are not to be had."""
    options = arguments()
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(levelname)s %(message)s")
    try:
        asyncio.run(run(options.host, options.port, options.wise_port, options.data_dir))
    except (JournalInUseError, JournalCorruptError, OSError, ValueError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
