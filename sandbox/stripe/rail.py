"""Puts Stripe's parts together as one rail of the sandbox."""

from __future__ import annotations

from pathlib import Path

from sandbox.clock import Clock
from sandbox.journal import Journal
from sandbox.server import Request, Response
from sandbox.stripe.api import Api
from sandbox.stripe.books import Books
from sandbox.stripe.control import PREFIX, Control
from sandbox.stripe.endpoints import Endpoints
from sandbox.stripe.faults import Faults
from sandbox.stripe.idempotency import Keys
from sandbox.stripe.parts import Parts
from sandbox.stripe.settings import Settings
from sandbox.stripe.webhooks import Webhooks


class StripeRail:
    """Owns /v1/ and /_sandbox/."""

    def __init__(self, data_dir: Path, webhook_url: str, webhook_secret: str) -> None:
        self.journal = Journal(data_dir / "stripe.journal")
        self.clock = Clock(self.journal)
        self.settings = Settings(self.journal)
        self.books = Books(self.journal, self.clock)
        self.webhooks = Webhooks(
            self.journal, self.clock, self.settings, webhook_url, webhook_secret
        )
        self.faults = Faults(self.journal)
        parts = Parts(
            journal=self.journal,
            clock=self.clock,
            settings=self.settings,
            books=self.books,
            keys=Keys(self.journal, self.clock, self.settings),
            faults=self.faults,
            webhooks=self.webhooks,
        )
        self.api = Api(parts, Endpoints(self.clock, self.settings, self.books, self.webhooks))
        self.control = Control(parts, self.api)

    def owns(self, path: str) -> bool:
        return path.startswith(("/v1/", PREFIX))

    async def handle(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return await self.control.handle(request)
        return await self.api.handle(request)

    async def start(self) -> None:
        """Replay the books and take up pending webhooks. Raises JournalInUseError, JournalCorruptError."""
        self.journal.open()
        self.settings.load()
        self.webhooks.start()

    async def stop(self) -> None:
        await self.webhooks.stop()
        self.journal.close()
