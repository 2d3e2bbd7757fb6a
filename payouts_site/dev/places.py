"""Where the one-command start keeps things, and the locks that say who is using them.

`.run/` belongs to the user who runs `./dev`. Server data lives below it too, except for root: servers
refuse to run as root, so they run as nobody, in a folder of their own that nobody can reach.
"""

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from payouts_site.dev.processes import Account

ROOT = Path(__file__).resolve().parents[2]
# Somewhere else only for the tests of `./dev up`, which may run beside a real one.
RUN = Path(os.environ.get("PAIDONCE_RUN_FOLDER") or ROOT / ".run")
_ROOT_HOME_PREFIX = "paidonce-"


class Busy(Exception):
    """Somebody else holds a lock; the message is what they wrote into it."""


def make_run_folder() -> Path:
    """Create `.run/`, readable by its owner only, and return it."""
    RUN.mkdir(parents=True, exist_ok=True)
    RUN.chmod(0o700)
    return RUN


@contextmanager
def exclusive(path: Path, note: str = "") -> Iterator[int]:
    """Hold `path` as a lock; yields its descriptor. Raises Busy with the holder's note."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(path.read_text().strip()) from None
        write_note(descriptor, note)
        yield descriptor
    finally:
        os.close(descriptor)


def write_note(descriptor: int, note: str) -> None:
    """Replace what a held lock tells those who find it taken."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note.encode(), 0)


def holder_of(path: Path) -> str | None:
    """The note of whoever holds the lock at `path`, or None when nobody does."""
    if not path.exists():
        return None
    try:
        with exclusive(path, path.read_text()):
            return None
    except Busy as busy:
        return str(busy)


@dataclass(frozen=True)
class Home:
    """A folder for server data, the account that owns it, and its lock.

    The servers inherit `lock`, so it stays taken until the last of them is gone.
    """

    path: Path
    account: Account | None
    lock: int

    def folder(self, name: str) -> Path:
        """A private subfolder owned by the servers' account."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        self.own(folder, 0o700)
        return folder

    def own(self, path: Path, mode: int) -> None:
        """Give `path` to the servers' account with `mode`."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
        path.chmod(mode)


def servers_account() -> Account | None:
    """Nobody when we are root, otherwise None: the servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def data_root() -> Path:
    """The folder that holds every server's data of this checkout.

    For root it is named after a random id kept in `.run/`, so that removing `.run/` really starts
    from nothing; folders that an earlier `.run/` of this checkout left behind are removed.
    """
    make_run_folder()
    if os.geteuid() != 0:
        return RUN
    id_file = RUN / "instance"
    if not id_file.exists():
        _remove_orphaned_root_folders()
        id_file.write_text(secrets.token_hex(6))
    folder = _root_parent() / f"{_ROOT_HOME_PREFIX}{id_file.read_text().strip()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    (folder / "checkout").write_text(str(RUN))
    return folder


def _root_parent() -> Path:
    state = Path("/var/lib")
    return state if os.access(state, os.W_OK) else Path(tempfile.gettempdir())


def _remove_orphaned_root_folders() -> None:
    for note in _root_parent().glob(f"{_ROOT_HOME_PREFIX}*/checkout"):
        if note.read_text() == str(RUN):
            shutil.rmtree(note.parent, ignore_errors=True)


@contextmanager
def home(name: str, wait_seconds: float = 25.0) -> Iterator[Home]:
    """The data folder called `name`, kept. Waits for servers of an earlier run that are still leaving."""
    path = data_root() / name
    path.mkdir(exist_ok=True)
    path.chmod(0o711)
    deadline = time.monotonic() + wait_seconds
    while holder_of(path / "lock") is not None:
        if time.monotonic() > deadline:
            raise Busy(f"processes of an earlier run still use {path}")
        time.sleep(0.2)
    with exclusive(path / "lock") as lock:
        yield Home(path, servers_account(), lock)


@contextmanager
def throwaway_home() -> Iterator[Home]:
    """A data folder that nobody else has and that is removed at the end; several can exist at once."""
    parent = data_root() / "test"
    parent.mkdir(exist_ok=True)
    parent.chmod(0o711)
    with ExitStack() as held:
        with _mutex(parent / "mutex"):
            for stale in parent.glob("*-*"):
                if holder_of(stale / "lock") is None:
                    shutil.rmtree(stale, ignore_errors=True)
            path = parent / f"{os.getpid()}-{secrets.token_hex(3)}"
            path.mkdir()
            path.chmod(0o711)
            lock = held.enter_context(exclusive(path / "lock"))
        try:
            yield Home(path, servers_account(), lock)
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _mutex(path: Path) -> Iterator[None]:
    """Wait for `path`: a folder without its lock yet must not look abandoned to another start."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_everything() -> list[Path]:
    """Remove all that `./dev` ever stored for this checkout but its environment; return what went."""
    folders = [RUN]
    if os.geteuid() == 0 and (RUN / "instance").exists():
        folders.append(data_root())
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return folders


def fingerprint(*paths: Path) -> str:
    """A short hash over the names, sizes and times of files: changes when a package is replaced."""
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        digest.update(f"{path}:{status.st_size}:{status.st_mtime_ns};".encode())
    return digest.hexdigest()[:16]
