"""What Horizon knows: what has been ingested, less what has been cut off at the old end."""

from __future__ import annotations

from collections import defaultdict

from sandbox.clock import Clock
from sandbox.horizon.history import History
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.settings import Settings
from sandbox.journal import Change, Journal, Row

KEPT_VERSIONS = 50
END_OF_TIME = 2**62


class View:
    """Reads as of the last ingested ledger, which may lag behind core's."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        settings: Settings,
        ledgers: Ledgers,
        history: History,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._ledgers = ledgers
        self._history = history
        self._meta = journal.table("meta")
        self._versions: dict[str, list[Row]] = defaultdict(list)
        self._floor = 0
        journal.watch("accounts", self._seen)

    def _seen(self, key: str, row: Row | None) -> None:
        if row is None:
            self._versions.clear()
            self._floor = 0
            return
        versions = self._versions[key]
        versions.append(row)
        if len(versions) > KEPT_VERSIONS and not self.lags:
            del versions[:-1]

    # Ingestion

    @property
    def lags(self) -> bool:
        """Whether Horizon may be behind."""
        return bool(self._settings.knobs.ingest_lag_ms) or self._frozen() is not None

    def freeze(self, seconds: float | None) -> None:
        """Ingest nothing more for so long; None until `thaw`."""
        until = None if seconds is None else self._clock.now_ms() + int(seconds * 1000)
        change = Change()
        change.put("meta", "frozen", {"at": self.ingested(), "until_ms": until})
        self._journal.commit(change)

    def thaw(self) -> None:
        """Catch up at once."""
        change = Change()
        change.put("meta", "frozen", None)
        self._journal.commit(change)

    def _frozen(self) -> int | None:
        row = self._meta.get("frozen")
        if row is None or (row["until_ms"] is not None and row["until_ms"] <= self._clock.now_ms()):
            return None
        return int(row["at"])

    def ingested(self) -> int:
        """The last ledger that Horizon knows; never goes back."""
        frozen = self._frozen()
        if frozen is not None:
            return frozen
        lag = self._settings.knobs.ingest_lag_ms
        known = self._ledgers.at(self._clock.now_ms() - lag) if lag else self._ledgers.latest()
        self._floor = max(self._floor, known)
        return self._floor

    def level(self) -> bool:
        """Whether Horizon has ingested all that core has."""
        return self.ingested() >= self._ledgers.latest()

    # The old end

    def elder(self) -> int:
        """The first ledger that is still there."""
        return int(self._meta.get("elder", {}).get("ledger", 1))

    def cut(self, ledger: int) -> None:
        """Forget what is older."""
        change = Change()
        change.put("meta", "elder", {"ledger": ledger})
        self._journal.commit(change)

    # Reads

    def account(self, identity: str) -> Row | None:
        """As of the ingested ledger."""
        limit = self.ingested()
        for row in reversed(self._versions.get(identity, ())):
            if row["ledger"] <= limit:
                return None if row.get("gone") else row
        return None

    def transaction(self, digest: str) -> Row | None:
        """By outer or inner hash, if it is ingested and still there."""
        row = self._history.transaction(digest)
        if row is None or not self.elder() <= row["ledger"] <= self.ingested():
            return None
        return row

    def known(self, identity: str) -> bool:
        """Whether the account exists or has existed."""
        return self.account(identity) is not None or self._history.concerns(identity)

    def page(
        self, kind: str, who: str, *, cursor: int | None, descending: bool, limit: int, failed: bool
    ) -> list[Row]:
        """Rows of `transactions`, `operations` or `payments`, after the cursor."""
        low = max((self.elder() << 32) - 1, 0)
        high = (self.ingested() + 1) << 32
        if cursor is not None:
            low, high = (low, min(high, cursor)) if descending else (max(low, cursor), high)
        ids, first, last = self._history.between(kind, who, low, high)
        places = range(last - 1, first - 1, -1) if descending else range(first, last)
        found: list[Row] = []
        for place in places:
            row = self._row(kind, ids[place])
            if row["ok"] or failed:
                found.append(row)
            if len(found) == limit:
                break
        return found

    def _row(self, kind: str, identity: int) -> Row:
        if kind == "transactions":
            return self._history.by_id(identity)
        return self._history.operation(identity)
