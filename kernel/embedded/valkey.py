"""Valkey (the Redis protocol) on a private Unix socket, with an append-only file.

``appendfsync no``: every write reaches the operating system before it is acknowledged, so a killed server loses
nothing. ``everysec`` may hold a write back for two seconds while it syncs.
"""

import os
import signal
import socket
from pathlib import Path

from kernel.embedded.binaries import valkey_program
from kernel.embedded.process import Server, claim, spawn, wait_ready
from kernel.embedded.sockets import socket_folder


def start_valkey(state: Path) -> Server:
    """Start it, or share the one that runs over the same state directory."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    data, log, listening = state / "valkey", state / "valkey.log", socket_folder(state) / "valkey.sock"
    data.mkdir(mode=0o700, exist_ok=True)
    url = f"unix://{listening}"

    def is_ready() -> bool:
        return _answers(listening)

    lock = claim(state / "valkey.lock", is_ready)
    if lock is None:
        return Server("valkey", url, log, None)
    try:
        options: list[str | Path] = ["--port", "0", "--unixsocket", listening, "--unixsocketperm", "700", "--dir", data]
        durable = ["--appendonly", "yes", "--appendfsync", "no", "--save", ""]
        process = spawn([valkey_program(), *options, *durable], lock=lock, log=log, death_signal=signal.SIGTERM)
        wait_ready(process, "Valkey", log, is_ready)
    finally:
        os.close(lock)
    return Server("valkey", url, log, process)


def _answers(path: Path) -> bool:
    """Whether it answers PING; while it loads its file it answers an error instead."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False
