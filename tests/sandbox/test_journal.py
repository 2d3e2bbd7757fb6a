"""The books outlive SIGKILL at any moment, wholly or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import stripe

from sandbox import journal as journal_module
from sandbox.journal import Change, Journal, JournalCorruptError, JournalInUseError
from tests.sandbox.conftest import Pay, client_for
from tests.sandbox_process import ROOT, SandboxProcess


def opened(path: Path) -> Journal:
    journal = Journal(path)
    journal.open()
    return journal


def put(journal: Journal, key: str, value: int) -> None:
    change = Change()
    change.put("things", key, {"value": value})
    change.put("others", key, {"value": -value})
    journal.commit(change)


def test_books_survive_sigkill(
    sandbox: SandboxProcess, client: stripe.StripeClient, pay: Pay
) -> None:
    made = pay(key="k1", transfer_group="g")
    client.v1.transfers.reversals.create(made.id, {"amount": 100})
    with pytest.raises(stripe.InvalidRequestError):
        pay("acct_missing1", key="k2")
    sandbox.advance_clock(3600)
    sandbox.settings(latency_ms=1)
    before = sandbox.books()
    sandbox.kill()
    sandbox.restart()
    after = sandbox.books()
    for name in ("transfers", "reversals", "balance", "keys"):
        assert after[name] == before[name]
    for name in ("movements", "executions_by_key", "amount_by_destination", "movements_by_group"):
        assert after["totals"][name] == before["totals"][name]
    assert after["clock"] >= before["clock"]
    assert sandbox.settings()["latency_ms"] == 1
    again = pay(key="k1", transfer_group="g")
    assert again.id == made.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.InvalidRequestError):
        pay("acct_missing1", key="k2")


def test_every_answered_transfer_is_in_the_books_after_sigkill(sandbox: SandboxProcess) -> None:
    answered: list[str] = []
    enough = threading.Event()

    def work(worker: int) -> None:
        client = client_for(sandbox)
        for number in range(10_000):
            params = {"amount": 1, "currency": "usd", "destination": "acct_1"}
            options = {"idempotency_key": f"{worker}-{number}"}
            try:
                answered.append(client.v1.transfers.create(params, options).id)  # type: ignore[arg-type]
            except stripe.APIConnectionError:
                return
            if len(answered) >= 60:
                enough.set()

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    assert enough.wait(10)
    sandbox.kill()
    for worker in workers:
        worker.join()
    sandbox.restart()
    books = sandbox.books()
    assert set(answered) <= {row["id"] for row in books["transfers"]}
    assert books["balance"]["usd"] == 10_000_000_000 - len(books["transfers"])
    assert books["totals"]["max_executions_per_key"] == 1


def test_reset_empties_the_books_for_good(sandbox: SandboxProcess, pay: Pay) -> None:
    pay(key="k")
    sandbox.set_fault("429")
    sandbox.advance_clock(9)
    sandbox.reset()
    sandbox.restart()
    books = sandbox.books()
    assert (books["transfers"], books["keys"], sandbox.deliveries()) == ([], {}, [])
    assert sandbox.call("GET", "faults")["active"] == []
    assert pay(key="k").amount == 4500


def test_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    put(journal, "a", 1)
    put(journal, "b", 2)
    journal.close()
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole)):
        path.write_bytes(whole[:cut])
        torn = opened(path)
        assert list(torn.table("things")) == list(torn.table("others")) == ["a"]
        put(torn, "c", 3)
        torn.close()
        again = opened(path)
        assert list(again.table("things")) == ["a", "c"]
        again.close()


def test_damage_in_the_middle_refuses_to_start(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    put(journal, "a", 1)
    put(journal, "b", 2)
    journal.close()
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(JournalCorruptError):
        Journal(path).open()


def test_compaction_keeps_rows_and_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    for number in range(100):
        put(journal, f"k{number % 5}", number)
    change = Change()
    change.put("things", "k0", None)
    journal.commit(change)
    tables = {name: list(journal.table(name).items()) for name in ("things", "others")}
    journal.close()
    monkeypatch.setattr(journal_module, "COMPACT_ABOVE_LINES", 50)
    before = path.stat().st_size
    compacted = opened(path)
    assert path.stat().st_size < before / 5
    with pytest.raises(JournalInUseError):
        Journal(path).open()
    put(compacted, "new", 1)
    compacted.close()
    again = opened(path)
    assert list(again.table("things").items())[:-1] == tables["things"]
    assert list(again.table("others").items())[:-1] == tables["others"]
    assert "new" in again.table("things")
    again.close()


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    put(journal, "a", 1)
    real = os.write
    calls: list[int] = []

    def half_then_full(fd: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real(fd, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half_then_full)
    with pytest.raises(OSError, match="No space"):
        put(journal, "b", 2)
    monkeypatch.undo()
    assert list(journal.table("things")) == ["a"]
    put(journal, "c", 3)
    journal.close()
    again = opened(path)
    assert list(again.table("things")) == ["a", "c"]
    again.close()


def test_two_sandboxes_cannot_share_books(sandbox: SandboxProcess) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", "--data-dir", str(sandbox.data_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert second.returncode == 1
    assert "in use" in second.stderr


def test_sigterm_ends_the_process_cleanly(tmp_path: Path) -> None:
    sandbox = SandboxProcess(data_dir=tmp_path / "books").start()
    process = sandbox._process
    assert process is not None
    sandbox.terminate()
    assert process.returncode == 0
    assert "Traceback" not in (sandbox.data_dir / "sandbox.log").read_text()
