"""Wise's own simulation of its sandbox: each state only from its predecessor."""

from __future__ import annotations

from sandbox.clock import Clock
from sandbox.journal import Change, Row
from sandbox.wise import errors, objects
from sandbox.wise.books import Books
from sandbox.wise.calls import Call, Reply, Route
from sandbox.wise.states import BOUNCED, CONVERTED, PROCESSING, REFUNDED, SENT, States
from sandbox.wise.webhooks import Webhooks

PREDECESSOR = {
    PROCESSING: PROCESSING,
    CONVERTED: PROCESSING,
    SENT: CONVERTED,
    BOUNCED: SENT,
    REFUNDED: BOUNCED,
}


class Simulation:
    """The endpoints under /v1/simulation/transfers."""

    def __init__(self, clock: Clock, books: Books, states: States, webhooks: Webhooks) -> None:
        self._clock = clock
        self._books = books
        self._states = states
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        failure, state = "/simulation/transfers/{t}/payout-failure", "/simulation/transfers/{t}/{s}"
        return [
            Route("simulation.failure", "POST", (f"/v1{failure}",), failure, self._failure),
            Route("simulation.state", "GET", (f"/v1{state}",), state, self._state),
        ]

    def _state(self, call: Call, change: Change) -> Reply:
        row = self._books.transfer(call.ids["t"], call.path)
        target = call.ids["s"]
        if target not in PREDECESSOR:
            raise errors.generic(404, f"No simulation of {target}", call.path)
        if row["status"] != PREDECESSOR[target]:
            raise self._refused(row, target)
        if target != row["status"]:
            row = self._states.move(change, row, target)
        return Reply(objects.transfer(row))

    def _failure(self, call: Call, change: Change) -> Reply:
        row = self._books.transfer(call.ids["t"], call.path)
        if row["status"] != BOUNCED:
            raise self._refused(row, "payout-failure")
        self._webhooks.payout_failure(change, row, "ACCOUNT_CLOSED", self._clock.now_ms())
        return Reply(objects.transfer(row))

    def _refused(self, row: Row, target: str) -> errors.WiseError:
        message = f"Cannot simulate {target} from {row['status']}."
        return errors.coded(409, "transfer.invalid-state", message)
