"""No webhook reaches what is ours: judged after resolution, connected to what was judged, nothing opened before."""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django.fixtures import Settings

from tests.webhooks.receiver import Receiver
from webhooks import wire
from webhooks.addresses import NotPublic, UnacceptableUrl, check_url, is_public, resolve
from webhooks.wire import Answer, NoAnswer, post

PUBLIC = "93.184.216.34"
# Written out: refused by their text, or by what the system makes of them.
LITERALS = (
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "https://127.255.255.254/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0.0.0.0/",
    "https://0/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://203.0.113.9/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:53aa:64c:0:0:80ff:fffe]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[2a00:1450::5efe:7f00:1]/",
)
# Their text gives them away.
FORMS = (
    "http://hooks.example/",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "gopher://hooks.example/",
    "//hooks.example/",
    "hooks.example",
    "https://",
    "https:///path",
    "https://user@hooks.example/",
    "https://user:secret@hooks.example/",
    "https://:@hooks.example/",
    "https://hooks.example:22/",
    "https://hooks.example:25/",
    "https://hooks.example:80/",
    "https://hooks.example:0/",
    "https://hooks.example:65536/",
    "https://hooks.example:x/",
    "https://hooks.example/a b",
    "https://hooks.example/\r\nX-Injected: 1",
    "https://hooks.example/\x00",
    "https://[::1/",
    "https://" + "a" * 2_000 + ".example/",
    "",
)
# What a name may lead to.
HIDDEN: tuple[list[str], ...] = (
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["169.254.169.254"],
    ["100.64.9.9"],
    ["::1"],
    ["::ffff:169.254.169.254"],
    ["fe80::1%eth0"],
    ["fd12:3456::1"],
    ["64:ff9b::a9fe:a9fe"],
    ["2002:a9fe:a9fe::"],
    [PUBLIC, "127.0.0.1"],
    ["127.0.0.1", PUBLIC],
    [],
)
_connected: list[Any] = []
_listening = threading.local()


def _hear(event: str, values: tuple[Any, ...]) -> None:
    if event == "socket.connect" and getattr(_listening, "here", False):
        _connected.append(values[1])


sys.addaudithook(_hear)


@pytest.fixture
def connections() -> Iterator[list[Any]]:
    """Every address that this thread asks the system to connect to, as the interpreter itself reports it."""
    _connected.clear()
    _listening.here = True
    yield _connected
    _listening.here = False


class Names:
    """The system's name server, with answers of our own."""

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.asked: list[str] = []
        self._system = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host[0].isdecimal():  # no name
            return list(self._system(host, port, *args, **more))
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Any name resolves to what the test says."""
    server = Names()
    monkeypatch.setattr("webhooks.addresses.socket.getaddrinfo", server.getaddrinfo)
    return server


@pytest.fixture(autouse=True)
def _nothing_private(settings: Settings) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = []


def sent(url: str) -> Answer | NoAnswer:
    return post(url, b"{}", {"content-type": "application/json"})


@pytest.mark.parametrize("url", LITERALS)
def test_an_address_of_ours_is_not_connected_to(url: str, connections: list[Any]) -> None:
    answer = sent(url)
    assert isinstance(answer, NoAnswer) and answer.error.startswith("Nothing was sent"), answer
    assert connections == []


@pytest.mark.parametrize("url", FORMS)
def test_a_form_that_no_webhook_has(url: str, connections: list[Any]) -> None:
    with pytest.raises(UnacceptableUrl):
        check_url(url)
    assert isinstance(sent(url), NoAnswer)
    assert connections == []


@pytest.mark.parametrize("addresses", HIDDEN, ids=" ".join)
def test_a_name_that_leads_to_one_of_ours(
    addresses: list[str], names: Names, connections: list[Any]
) -> None:
    names.answers = [addresses]
    assert check_url("https://hooks.example/") == "https://hooks.example/"
    assert sent("https://hooks.example/") == NoAnswer(
        "Nothing was sent: the name does not lead to a public address"
    )
    assert connections == []


def test_the_refusal_does_not_tell_what_our_names_resolve_to(names: Names) -> None:
    answers = set()
    for found in (["10.1.2.3"], []):
        names.answers = [found]
        answers.add(str(sent("https://ledger.internal/")))
    assert len(answers) == 1


def test_a_hundred_odd_addresses_in_all() -> None:
    assert len(LITERALS) >= 40


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1"]
)
def test_what_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


def test_the_connection_goes_to_the_address_that_was_judged(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that changes its mind between the look and the connection (DNS rebinding) is asked once."""
    dialled: list[str] = []

    def dial(_: Any, host: str, *args: Any, **kwargs: Any) -> None:
        dialled.append(host)
        raise httpcore2.ConnectError("not in a test")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", dial)
    names.answers = [[PUBLIC], ["127.0.0.1"]]
    sent("https://hooks.example/")
    assert (names.asked, dialled) == (["hooks.example"], [PUBLIC])
    # Judged again at the next delivery.
    assert sent("https://hooks.example/") == NoAnswer(
        "Nothing was sent: the name does not lead to a public address"
    )
    assert dialled == [PUBLIC]


def test_the_next_address_of_a_name_is_tried_and_a_dead_one_costs_no_delivery(
    names: Names, settings: Settings
) -> None:
    running = Receiver()
    settings.WEBHOOK_PRIVATE_HOSTS = ["hooks.test"]
    names.answers = [["127.0.0.2", "127.0.0.1"]]
    try:
        assert sent(f"http://hooks.test:{running.port}/x") == Answer(200, "", "")
    finally:
        running.close()
    assert running.got[0].headers["host"] == f"hooks.test:{running.port}"


def test_http_only_to_hosts_named_for_development(settings: Settings) -> None:
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1", "[::1]"]
    assert check_url("http://127.0.0.1:8000/a#b") == "http://127.0.0.1:8000/a"
    assert check_url("http://[::1]:80/") in ("http://[::1]/", "http://[::1]:80/")
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
    for url in ("http://127.0.0.2/", "http://hooks.example/"):
        with pytest.raises(UnacceptableUrl):
            check_url(url)
    with pytest.raises(NotPublic):
        resolve("127.0.0.2", 80)


@pytest.mark.parametrize("port", ["", ":443", ":1024", ":8443", ":65535"])
def test_ports_that_may_be(port: str) -> None:
    assert check_url(f"https://hooks.example{port}/a?b=c").startswith("https://hooks.example")


def certified(name: str, folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate for `name`, signed by itself; the file is `folder`/cert.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_tls_proves_the_name_although_we_connect_to_an_address(
    names: Names, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = Receiver(tls=certified("hooks.test", tmp_path))
    settings.WEBHOOK_PRIVATE_HOSTS = ["hooks.test", "other.test"]
    names.answers = [["127.0.0.1"]]
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    try:
        untrusted = sent(f"https://hooks.test:{running.port}/")
        monkeypatch.setattr(wire, "_trust", lambda: trust)
        assert isinstance(sent(f"https://hooks.test:{running.port}/"), Answer)
        other = sent(f"https://other.test:{running.port}/")
    finally:
        running.close()
    for refused in (untrusted, other):
        assert isinstance(refused, NoAnswer) and "certificate verify failed" in refused.error
    assert len(running.got) == 1
