"""Puts Wise's parts together as one rail of the sandbox."""

from __future__ import annotations

from pathlib import Path

from sandbox.server import Request, Response
from sandbox.wise.api import Api
from sandbox.wise.control import PREFIX, Control
from sandbox.wise.parts import assemble


class WiseRail:
    """Owns /_sandbox/wise/ everywhere, and every other path on the port that is Wise's alone."""

    def __init__(self, data_dir: Path, webhook_url: str) -> None:
        self.parts = assemble(data_dir, webhook_url)
        self.api = Api(self.parts)
        self.control = Control(self.parts, self.api)

    def owns(self, path: str) -> bool:
        return path.startswith(PREFIX)

    async def handle(self, request: Request) -> Response:
        if not request.path.startswith(PREFIX):
            return await self.api.handle(request)
        if request.method == "GET" and request.path == f"{PREFIX}public-key":
            pem = self.parts.signer.public_pem().encode()
            return Response(200, pem, content_type="application/x-pem-file")
        return await self.control.handle(request)

    async def start(self) -> None:
        """Replay the books, take up what is due. Raises JournalInUseError, JournalCorruptError, OSError."""
        self.parts.journal.open()
        self.parts.signer.open()
        self.parts.settings.load()
        self.parts.webhooks.start()
        self.parts.states.run_due()

    async def stop(self) -> None:
        self.parts.states.stop()
        await self.parts.webhooks.stop()
        self.parts.journal.close()
