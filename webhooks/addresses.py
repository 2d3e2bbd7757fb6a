"""Which addresses a webhook may reach: public ones, and what WEBHOOK_PRIVATE_HOSTS names for development.

An integrator chooses the URL, so it may point at our own network (SSRF). A name is judged by what it resolves to, at
every delivery, and the connection is made to the very address that was judged (webhooks/wire.py): a name that
resolves to something else a moment later (DNS rebinding) changes nothing.
"""

import ipaddress
import socket
from typing import Final

import httpx2
from django.conf import settings

MOST_CHARACTERS = 2_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6890 and IANA's special-purpose registries. Python's `is_global` changed its mind between releases.
_REFUSED_V4: Final = tuple(
    ipaddress.IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network; on Linux it reaches the host itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address, but Azure's host answers it
        "169.254.0.0/16",  # link-local: the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Only what is routed at all, without what wraps an IPv4 address or is for documents and protocols.
_ROUTED_V6: Final = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    ipaddress.IPv6Network(one)
    for one in (
        "2001::/23",  # protocols, among them Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# ISATAP writes an IPv4 address behind these 32 bits, under any prefix.
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


class UnacceptableUrl(ValueError):
    """No webhook goes there. `code` names the reason for API callers; the text says what to do."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class NotPublic(Exception):
    """The name leads to no address that may be reached. Which one it is, is not told: it may be a name of ours."""

    def __init__(self) -> None:
        super().__init__("the name does not lead to a public address")


def check_url(url: str) -> str:
    """`url` in its normal form, if a webhook may be sent there as far as its text tells. Resolves nothing.

    https on port 443 or from 1024 on, with a host and without credentials; http only to WEBHOOK_PRIVATE_HOSTS.
    Raises UnacceptableUrl.
    """
    if not 0 < len(url) <= MOST_CHARACTERS or not url.isprintable() or " " in url:
        raise UnacceptableUrl("This is not an address.", "invalid_url")
    try:
        parsed = httpx2.URL(url)
        host, port = parsed.raw_host.decode("ascii"), parsed.port
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise UnacceptableUrl("This is not an address.", "invalid_url") from error
    private = is_private_host(host)
    if parsed.scheme != "https" and not (private and parsed.scheme == "http"):
        raise UnacceptableUrl("The address begins with https://.", "not_https")
    if not host:
        raise UnacceptableUrl("The address names no host.", "invalid_url")
    if parsed.userinfo or "@" in parsed.netloc.decode("ascii"):
        raise UnacceptableUrl("The address must not hold a name or a password.", "has_credentials")
    if not private and port is not None and (port < 1024 or port > 65_535) and port != 443:
        raise UnacceptableUrl("The port is 443, or 1024 and above.", "port_not_allowed")
    if not private and _literal(host) is not None and not is_public(host):
        raise UnacceptableUrl("The address is not a public one.", "not_public")
    return str(parsed.copy_with(fragment=None))


def is_private_host(host: str) -> bool:
    """Is this one of the hosts that development and tests may reach although they are not public?"""
    return host.strip("[]").lower() in {one.strip("[]") for one in settings.WEBHOOK_PRIVATE_HOSTS}


def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, asked for once, if all of them may be reached.

    One that may not is enough to refuse: whoever mixes them wants to be lucky. Raises NotPublic, also for a name that
    does not exist.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotPublic from error
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not addresses or not (is_private_host(host) or all(map(is_public, addresses))):
        raise NotPublic
    return addresses


def is_public(text: str) -> bool:
    """Is this address one that anybody on the Internet could reach, and nothing of ours by another name?"""
    address = _literal(text)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id or address not in _ROUTED_V6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _REFUSED_V6)


def _literal(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
