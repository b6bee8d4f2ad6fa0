"""Addresses to listen on: can one be had, and how is it written in a URL; IPv4, IPv6 and names alike."""

import socket


def bindable(host: str, port: int) -> int:
    """The port if a server may listen there now, a free one for 0. Raises OSError with the reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()  # Linux lets two sockets bind with SO_REUSEADDR, but only one listen
        return int(probe.getsockname()[1])


def reachable(host: str) -> str:
    """The host by which this machine reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - a comparison


def url(host: str, port: int) -> str:
    """The URL of a server that listens on ``host``, as this machine reaches it."""
    host = reachable(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
