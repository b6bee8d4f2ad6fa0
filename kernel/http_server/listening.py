"""The socket that a gateway listens on, and who has the port if we cannot have it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_BACKLOG = 1024  # connections that wait to be accepted; the kernel takes net.core.somaxconn at most
_LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp, proc(5)


class ListenError(OSError):
    """The address cannot be listened on; the message says why."""


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a listening socket; ``shared`` if other processes listen on the same port. Raises ListenError."""
    return _bound(host, port, shared=shared, listening=True)


def reserve(host: str, port: int) -> socket.socket:
    """Take a port for processes that will share it. Raises ListenError.

    Whoever shares a port does not notice others who share it, so it is taken once alone before.
    """
    with _bound(host, port, shared=False, listening=False) as first:
        port = first.getsockname()[1]
    return _bound(host, port, shared=True, listening=False)


def address(listening: socket.socket) -> str:
    """Return the URL under which a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: int, *, shared: bool, listening: bool) -> socket.socket:
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise ListenError(f"{host!r} is no address of this machine: {error.strerror}") from error
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it; not every loop sets it
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(where)
        if listening:
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        what = f"port {port} of {host} cannot be listened on: {error.strerror}"
        if error.errno == errno.EADDRINUSE and (owners := ", ".join(_owners(port))):
            what += f", by {owners}"
        raise ListenError(what) from error
    return sock


def _owners(port: int) -> Iterator[str]:
    """Name the processes that listen on a port, as far as we may see them."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{inode}]")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(str(descriptor.readlink()) in inodes for descriptor in process.glob("fd/*")):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield f"process {process.name} ({command[:80].strip()})"
