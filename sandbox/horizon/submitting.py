"""POST /transactions and /transactions_async: look first, hand over to core, wait for the ledger."""

from __future__ import annotations

import asyncio

from sandbox import wire
from sandbox.faults import Strike
from sandbox.horizon import errors, objects
from sandbox.horizon.calls import Call, Reply, Route
from sandbox.horizon.core import NEVER, Core, Verdict
from sandbox.horizon.envelope import Envelope, MalformedError
from sandbox.horizon.errors import HorizonError
from sandbox.horizon.faults import SUBMIT
from sandbox.horizon.ledgers import Ledgers
from sandbox.horizon.results import OPS, Outcome
from sandbox.horizon.schedule import Schedule
from sandbox.horizon.settings import Settings
from sandbox.horizon.validity import wrapped
from sandbox.horizon.view import View
from sandbox.journal import Row
from sandbox.settings import BadValueError, whole

STATUS = {"PENDING": 201, "DUPLICATE": 409, "TRY_AGAIN_LATER": 503, "ERROR": 400}
LIES = {"bad_seq_lie": "tx_bad_seq", "too_late_lie": "tx_too_late"}
UNTIL_LOOK_SECONDS = 0.5
UNTIL_LOOK_LAGGING_SECONDS = 0.05


class Submitting:
    """Takes envelopes from clients."""

    def __init__(
        self, settings: Settings, ledgers: Ledgers, core: Core, schedule: Schedule, view: View
    ) -> None:
        self._settings = settings
        self._ledgers = ledgers
        self._core = core
        self._schedule = schedule
        self._view = view
        self._closed = asyncio.Event()
        core.on_close = self._tell

    def _tell(self) -> None:
        self._closed.set()
        self._closed = asyncio.Event()

    def routes(self) -> list[Route]:
        return [
            Route(SUBMIT, "POST", "/transactions", self._sync),
            Route(f"{SUBMIT}_async", "POST", "/transactions_async", self._async),
        ]

    def envelope(self, form: dict[str, str]) -> Envelope:
        """Raises HorizonError."""
        given = form.get("tx", "")
        try:
            return self._core.parse(given)
        except MalformedError:
            raise errors.malformed(given) from None

    async def _sync(self, call: Call) -> Reply:
        envelope = self.envelope(call.form)
        self._schedule.run_due()
        row = self._view.transaction(envelope.hash)
        if row is not None:
            return self._stored(call, envelope, row)
        name = call.work.name if call.work is not None else ""
        verdict = await self._hand_over(envelope, call.work)
        if name == "lost_answer":
            return Reply(None, dropped=True)
        if name in LIES:
            raise errors.failed(envelope.xdr, wrapped(envelope, Outcome(LIES[name])))
        if name == "500_after":
            raise errors.server_error()
        if verdict.status == "ERROR" and verdict.outcome is not None:
            return await self._refused(call, envelope, verdict.outcome)
        if name in ("504_later", "504_never", "applied_late"):
            await asyncio.sleep(self._wait_ms(call.work) / 1000)
            raise errors.timeout(envelope)
        row = await self._included(envelope, self._settings.knobs.submit_wait_ms / 1000)
        if row is None:
            raise errors.timeout(envelope)
        return self._stored(call, envelope, row)

    def _wait_ms(self, strike: Strike | None) -> int:
        given = strike.params if strike is not None else {}
        return whole(given, "ms", self._settings.knobs.submit_wait_ms)

    def _stored(self, call: Call, envelope: Envelope, row: Row) -> Reply:
        """What a ledger has made of it, however often it is asked for."""
        if not row["ok"]:
            raise errors.failed_row(envelope.xdr, row["result"], row["codes"])
        return Reply(objects.transaction(row, call.base, envelope.hash))

    async def _hand_over(self, envelope: Envelope, strike: Strike | None) -> Verdict:
        """Give it to core, as the fault wants it."""
        name, params = (strike.name, strike.params) if strike is not None else ("", {})
        if name == "error":
            raise other_error(params)
        if strike is not None:
            await wire.wait(strike, self._settings.knobs.slow_ms)
        if name == "applied_late":
            return self._elsewhere(envelope, whole(params, "seconds", 10))
        if name == "ingestion_lag":
            self._view.freeze(whole(params, "seconds", 10))
        verdict = self._core.receive(
            envelope,
            not_before=self._not_before(name, params),
            fail=self._failure(envelope, params) if name == "applied_failed" else "",
        )
        if verdict.status == "PENDING" and self._settings.knobs.close_on_submit:
            self._schedule.close_now()
        self._schedule.run_due()
        return verdict

    def _elsewhere(self, envelope: Envelope, seconds: int) -> Verdict:
        problem = self._core.refusal(envelope)
        if problem is not None:
            return Verdict("ERROR", problem)
        self._core.send_elsewhere(envelope, seconds)
        self._schedule.run_due()
        return Verdict("TRY_AGAIN_LATER")

    def _not_before(self, name: str, params: Row) -> int:
        """The first ledger that may include it."""
        if name == "504_never":
            return NEVER
        return (
            self._ledgers.latest() + 1 + whole(params, "ledgers", 2) if name == "504_later" else 0
        )

    @staticmethod
    def _failure(envelope: Envelope, params: Row) -> str:
        """The code that is asked for, or one that the first operation can fail with."""
        code = str(params.get("code", "op_underfunded"))
        if not envelope.steps or envelope.steps[0].kind not in OPS:
            return ""
        known = OPS[envelope.steps[0].kind][4]
        return code if code in known else list(known)[1]

    async def _refused(self, call: Call, envelope: Envelope, outcome: Outcome) -> Reply:
        """A wrong sequence number may mean that this very envelope has been applied: look again."""
        told = outcome.inner[1] if outcome.inner is not None else outcome
        if told.code == "tx_bad_seq":
            await self._caught_up(envelope)
            row = self._view.transaction(envelope.hash)
            if row is not None and row["ok"]:
                return self._stored(call, envelope, row)
        raise errors.failed(envelope.xdr, outcome)

    async def _caught_up(self, envelope: Envelope) -> None:
        """Until the account's sequence shows it, Horizon is level with core, or time is up."""
        deadline = self._now() + self._settings.knobs.submit_wait_ms / 1000
        while not self._view.level() and (left := deadline - self._now()) > 0:
            row = self._view.account(envelope.source)
            if row is not None and row["sequence"] >= envelope.sequence:
                return
            await self._change(left)

    async def _included(self, envelope: Envelope, seconds: float) -> Row | None:
        """Wait for its ledger to be ingested."""
        deadline = self._now() + seconds
        while (row := self._view.transaction(envelope.hash)) is None:
            left = deadline - self._now()
            if left <= 0:
                return None
            await self._change(left)
            self._schedule.run_due()
        return row

    async def _change(self, left: float) -> None:
        longest = UNTIL_LOOK_LAGGING_SECONDS if self._view.lags else UNTIL_LOOK_SECONDS
        try:
            await asyncio.wait_for(self._closed.wait(), min(left, longest))
        except TimeoutError:
            return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _async(self, call: Call) -> Reply:
        """Core's immediate answer. It no longer knows what has been applied."""
        envelope = self.envelope(call.form)
        self._schedule.run_due()
        name = call.work.name if call.work is not None else ""
        verdict = await self._hand_over(envelope, call.work)
        if name == "lost_answer":
            return Reply(None, dropped=True)
        if name == "500_after":
            raise errors.server_error()
        if name in LIES:
            verdict = Verdict("ERROR", wrapped(envelope, Outcome(LIES[name])))
        body: Row = {"tx_status": verdict.status, "hash": envelope.hash}
        if verdict.outcome is not None:
            body["error_result_xdr"] = verdict.outcome.to_xdr()
        return Reply(body, STATUS[verdict.status])


def other_error(params: Row) -> HorizonError:
    """The fault `error`. Raises BadValueError."""
    status = whole(params, "status", 400)
    error = HorizonError(status, "error", "Error", headers=params.get("headers"))
    body = params.get("body")
    if body is not None and not isinstance(body, dict):
        raise BadValueError("body is an object")
    if body is not None:
        error.body = body
    return error
