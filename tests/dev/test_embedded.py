"""PostgreSQL and Valkey out of their wheels: unprivileged, crash-proof, gone when stopped."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from payouts_site.dev import embedded
from payouts_site.dev.embedded import Server
from payouts_site.dev.places import Home, throwaway_home
from payouts_site.dev.processes import StartFailed


@pytest.fixture
def home() -> Iterator[Home]:
    with throwaway_home() as made:
        yield made


def running(server: Server) -> Server:
    server.process.start()
    return server


@pytest.fixture
def postgres(home: Home, tmp_path: Path) -> Iterator[Server]:
    server = running(embedded.postgres(home, tmp_path, embedded.DURABLE_SETTINGS))
    embedded.ensure_database(server)
    yield server
    server.process.stop()


@pytest.fixture
def valkey(home: Home, tmp_path: Path) -> Iterator[Server]:
    server = running(embedded.valkey(home, tmp_path))
    yield server
    server.process.stop()


def uid_of(server: Server) -> int:
    assert server.process.popen
    status = Path(f"/proc/{server.process.popen.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])


def kill(server: Server) -> None:
    assert server.process.popen
    server.process.popen.send_signal(signal.SIGKILL)
    server.process.popen.wait()


def test_the_product_is_no_superuser_and_its_database_sorts_like_production(
    postgres: Server,
) -> None:
    with psycopg.connect(postgres.url) as connection:
        facts = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, rolsuper, rolcreatedb, datlocprovider,"
            " current_setting('fsync'), current_setting('synchronous_commit'), current_setting('data_checksums')"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
    assert facts == (18, False, True, "b", "on", "on", "on")


def test_servers_never_run_as_root(postgres: Server, valkey: Server) -> None:
    assert 0 not in {uid_of(postgres), uid_of(valkey)}
    if os.geteuid() != 0:
        assert {uid_of(postgres), uid_of(valkey)} == {os.geteuid()}


def test_committed_rows_survive_a_killed_postmaster(postgres: Server) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (19284)")
    kill(postgres)
    # At once, while the backends of the dead postmaster may still be there.
    postgres.process.start()
    embedded.ensure_database(postgres)
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(19284,)]


def test_a_second_cluster_in_the_same_home_finds_the_data(
    postgres: Server, home: Home, tmp_path: Path
) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    postgres.process.stop()
    assert postgres.process.exit_code() == 0
    again = running(embedded.postgres(home, tmp_path, embedded.DURABLE_SETTINGS))
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        again.process.stop()


def test_a_wrong_password_is_refused(postgres: Server) -> None:
    wrong = psycopg.conninfo.make_conninfo(postgres.url, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_messages_survive_a_killed_valkey(valkey: Server) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.lpush("celery", "wake 1")
        client.execute_command("WAITAOF", 1, 0, 5000)
    kill(valkey)
    valkey.process.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.lrange("celery", 0, -1) == [b"wake 1"]
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_valkey_wants_its_password(valkey: Server) -> None:
    port = int(valkey.url.rsplit(":", 1)[1].split("/")[0])
    with (
        redis.Redis(host="127.0.0.1", port=port) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_stopped_servers_are_gone(home: Home, tmp_path: Path) -> None:
    servers = [
        running(embedded.postgres(home, tmp_path, embedded.THROWAWAY_SETTINGS)),
        running(embedded.valkey(home, tmp_path)),
    ]
    for server in servers:
        server.process.stop()
        assert server.process.exit_code() == 0
        port = int(server.url.rsplit(":", 1)[1].split("/")[0])
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.1", port))


def test_data_of_another_major_version_is_refused_with_a_way_out(
    postgres: Server, home: Home, tmp_path: Path
) -> None:
    postgres.process.stop()
    (home.path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartFailed, match=r"which PostgreSQL 17 wrote; see \./dev reset"):
        embedded.postgres(home, tmp_path, embedded.THROWAWAY_SETTINGS)
