"""Puts Horizon's parts together as one rail of the sandbox."""

from __future__ import annotations

from pathlib import Path

from sandbox.horizon.api import Api
from sandbox.horizon.control import PREFIX, Control
from sandbox.horizon.parts import assemble
from sandbox.server import Request, Response


class HorizonRail:
    """Owns /_sandbox/horizon/ everywhere, and every other path on the port that is Horizon's alone."""

    def __init__(self, data_dir: Path) -> None:
        self.parts = assemble(data_dir)
        self.api = Api(self.parts)
        self.control = Control(self.parts, self.api)

    def owns(self, path: str) -> bool:
        return path.startswith(PREFIX)

    async def handle(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return await self.control.handle(request)
        return await self.api.handle(request)

    async def start(self) -> None:
        """Replay the books, found the network. Raises JournalInUseError, JournalCorruptError, OSError."""
        self.parts.journal.open()
        self.parts.settings.load()
        self.control.found()

    async def stop(self) -> None:
        self.parts.schedule.stop()
        self.parts.journal.close()
