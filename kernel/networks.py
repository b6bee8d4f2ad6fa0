"""Which network addresses a department's upstream may have: the platform must never be led into its own network (SSRF).

The tables follow the IANA special-purpose address registries (RFC 6890) and do not depend on the Python version.
``refusal``, ``split_url`` and ``check_url`` are pure; ``resolve`` asks the system's resolver and judges every answer.
Whoever connects must connect to an address that ``resolve`` returned, never look the name up again.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec import Struct

from kernel.errors import YiwangError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ALLOW_SETTING = "YIWANG_UPSTREAM_NETWORKS"

_REFUSED = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers and cloud platforms"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud platform's own agent"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "an IPv4-mapped form"),
        ("64:ff9b::/96", "a NAT64 form"),
        ("64:ff9b:1::/48", "a NAT64 form"),
        ("2001::/32", "a Teredo form"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 form"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_IPV6 = ip_network("2000::/3")  # the only block IANA gives out; all else is reserved
_NAT64 = ip_network("64:ff9b::/96")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\x00-\x20\x7f/?#@:\[\]\\%]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!-~]*|\?[!-~]*|)",
    re.IGNORECASE,
)


class AddressRefusedError(YiwangError):
    """An upstream's address lies in a network that this deployment does not allow."""

    code = "ADDRESS_REFUSED"
    http_status = 422


class BadUrlError(YiwangError):
    """An upstream's URL has a form that cannot be used."""

    code = "UPSTREAM_URL_INVALID"
    http_status = 422


class Url(Struct, frozen=True):
    """A checked absolute URL; ``host`` is ASCII, lower case and without brackets; ``target`` begins with ``/``."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the Host header says: the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read CIDRs such as ``10.20.0.0/16``; raise ``ValueError`` naming the one that is none."""
    return tuple(ip_network(text) for text in texts)


def refusal(address: str | Address, allowed: Collection[Network]) -> str | None:
    """Say why ``address`` may not be an upstream's, or ``None`` if it may.

    ``allowed`` lifts a refusal. An IPv4 address inside an IPv6 form must pass by itself as well.
    """
    ip = ip_address(address) if isinstance(address, str) else address
    if not any(ip in network for network in allowed):
        return _special(ip)
    inner = _embedded(ip)
    if inner is not None and (reason := refusal(inner, allowed)):
        return f"a form of {inner}, which is {reason}"
    return None


def split_url(text: str) -> Url:
    """Read an absolute http(s) URL strictly; raise ``BadUrlError`` for anything a lenient reader might misread."""
    match = _URL.fullmatch(text.partition("#")[0])
    shown = text.rpartition("@")[2][:200]  # what stands before an @ may be a password
    if match is None:
        raise BadUrlError(
            f"{shown!r} is not an http(s) URL with a host and without user name or blanks",
            fix="Write it as https://host[:port]/path; credentials belong into headers.",
        )
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else _default_port(scheme)
    if not 0 < port < 65536:
        raise BadUrlError(f"{shown!r} has port {port}", fix="Ports go from 1 to 65535.")
    path = match["path"]
    return Url(scheme, _ascii_host(match["host"]), port, path if path.startswith("/") else "/" + path)


def check_url(text: str, allowed: Collection[Network]) -> Url:
    """Check what can be checked without the network: the URL's form and, if its host is an address, that address."""
    url = split_url(text)
    literal = _literal(url.host)
    if literal is not None:
        _judge(url.host, literal, allowed)
    elif url.host == "localhost" or url.host.endswith(".localhost"):
        _judge(url.host, IPv4Address("127.0.0.1"), allowed)
    return url


def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver; blocks."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def resolve(
    host: str,
    port: int,
    allowed: Collection[Network],
    executor: Executor | None = None,
    look_up: Callable[[str, int], Iterable[str]] = look_up,
) -> tuple[str, ...]:
    """Return the addresses of ``host``, every one of them allowed. ``look_up`` runs in a thread of ``executor``.

    Raises ``AddressRefusedError`` if a single one is not, ``OSError`` if the name cannot be resolved.
    """
    if (literal := _literal(host)) is not None:
        found = [str(literal)]
    else:
        loop = asyncio.get_running_loop()
        found = list(await loop.run_in_executor(executor, look_up, host, port))
    addresses = tuple(dict.fromkeys(found))
    for address in addresses:
        _judge(host, ip_address(address), allowed)
    return addresses


def _judge(host: str, address: Address, allowed: Collection[Network]) -> None:
    if reason := refusal(address, allowed):
        where = str(address) if host == str(address) else f"{host} ({address})"
        raise AddressRefusedError(
            f"{where} is refused as an upstream: the address is {reason}",
            fix=f"Use a public address, or let the operator add its network to {ALLOW_SETTING}.",
        )


def _special(ip: Address) -> str | None:
    for network, reason in _REFUSED:
        if ip in network:
            return reason
    return None if ip.version == 4 or ip in _GLOBAL_IPV6 else "reserved"


def _embedded(ip: Address) -> IPv4Address | None:
    """Return the IPv4 address that the network would really reach through an IPv6 form."""
    if isinstance(ip, IPv4Address):
        return None
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _ascii_host(host: str) -> str:
    host = host.lower()
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1]))
        except ValueError as error:
            raise BadUrlError(f"{host} is not an IPv6 address", fix="Write it as [2001:db8::1].") from error
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise BadUrlError(f"{host!r} is not a host name", fix="Labels have 1 to 63 characters.") from error
    if not re.fullmatch(r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", name):
        raise BadUrlError(f"{host!r} is not a host name", fix="Use letters, digits, dots and hyphens.")
    return name


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
