"""A server process that belongs to us: a direct child that dies with its parent, and one lock per data directory.

The lock is a ``flock`` whose descriptor the server inherits, so it is held exactly as long as any process of that
server lives, whoever started it and however it ended. Holding it proves that a pid file left behind is stale.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.processes import can_tie, tied

START_SECONDS = 60.0  # crash recovery after a long run reads up to 1 GB of write-ahead log (max_wal_size)
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.01
_TAIL_BYTES = 2**16


class EmbeddedError(RuntimeError):
    """An embedded server cannot run; the message says how to mend it."""


@dataclass(frozen=True)
class Server:
    """One running server; ``process`` is None when another process of ours started it and we only share it."""

    name: str
    url: str
    log: Path
    process: "subprocess.Popen[bytes] | None"
    stop_signal: signal.Signals = signal.SIGTERM

    def stop(self) -> None:
        """End it in order; by force when it does not go."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def claim(lock: Path, is_ready: Callable[[], bool]) -> int | None:
    """The lock's descriptor if the server is ours to start; None once a running one is ready to be shared."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if is_ready():
                os.close(descriptor)
                return None
        else:
            return descriptor
        time.sleep(_POLL_SECONDS)
    os.close(descriptor)
    raise EmbeddedError(
        f"another process holds {lock} and its server does not answer: "
        f"end the processes that `fuser {lock}` shows, or set YIWANG_STATE_DIR to another folder"
    )


def spawn(
    command: Sequence[str | Path], *, lock: int, log: Path, death_signal: signal.Signals
) -> "subprocess.Popen[bytes]":
    """Start ``command`` as a direct child that holds ``lock`` and is never root; call it from the main thread.

    The child gets a session of its own, or ctrl-C would reach it before those who still use it.
    """
    if not can_tie():
        raise EmbeddedError(
            "`setpriv` (package util-linux) is needed to start servers that end with us: install it, "
            "or set YIWANG_DATABASE_URL and YIWANG_REDIS_URL to running servers"
        )
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the programs are those of kernel.embedded.binaries
            tied(command, death_signal, never_root=True),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
        )


def wait_ready(process: "subprocess.Popen[bytes]", name: str, log: Path, is_ready: Callable[[], bool]) -> None:
    """Return once the server answers; ``EmbeddedError`` with the end of its log when it ends or hangs instead."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise EmbeddedError(f"{name} did not start; the end of {log}:\n{tail(log)}")
        time.sleep(_POLL_SECONDS)


def tail(log: Path, since: int = 0) -> str:
    """The last lines of a log file, of what was written after its first ``since`` bytes; "" if there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-12:])
