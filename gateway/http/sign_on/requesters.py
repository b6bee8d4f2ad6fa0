"""Who asks, as the network tells: what limits count by that no client can choose."""

import logging
import re
from collections.abc import Collection, Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from litestar import Request

from kernel.networks import Address, Network, parse_networks
from kernel.settings import Settings, variable

_log = logging.getLogger(__name__)

_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?", re.ASCII)
_IPV6_PREFIX = 64  # one subscriber has a whole /64, and its devices choose the rest anew (RFC 8981)


def requester(peer: str, forwarded: Iterable[str], trusted: Collection[Network]) -> str:
    """Return the address of ``peer`` or, while that is a trusted proxy, of whom it says to have been asked by.

    ``forwarded`` are the values of X-Forwarded-For: each proxy adds its peer at the end, so they are read from there,
    and what stands before the first address that is not trusted is anybody's invention. IPv6 counts by /64.
    """
    found = _read(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and found is not None and any(found in network for network in trusted):
        named = _read(hops.pop())
        if named is None:
            break
        found = named
    if found is None:
        return "unknown"
    return str(ip_network((found, _IPV6_PREFIX), strict=False)) if isinstance(found, IPv6Address) else str(found)


class Requesters:
    """Tells requesters of one process. Says once if a proxy seems to be unknown: all behind it are one requester."""

    def __init__(self, settings: Settings) -> None:
        self._trusted = parse_networks(settings.trusted_proxies)
        self._warned = False

    def of(self, request: Request[Any, Any, Any]) -> str:
        """Return who sent a request."""
        peer = (request.scope["client"] or ("",))[0]
        forwarded = request.headers.getall("x-forwarded-for", [])
        if forwarded and not self._trusted and not self._warned:
            self._warned = True
            _log.warning(
                "X-Forwarded-For is ignored, so all behind a proxy count as one: name it by %s",
                variable("trusted_proxies"),
            )
        return requester(peer or "", forwarded, self._trusted)


def _read(text: str) -> Address | None:
    """Return an address; some proxies write its port too: ``203.0.113.5:4711``, ``[2001:db8::1]:4711``."""
    written = _WITH_PORT.fullmatch(text.strip())
    try:
        found = ip_address((written[1] or written[2]) if written else text.strip())
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
