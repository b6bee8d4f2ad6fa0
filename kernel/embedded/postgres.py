"""PostgreSQL on a private Unix socket, over a data directory that survives us."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kernel.embedded.binaries import postgres_programs
from kernel.embedded.process import EmbeddedError, Server, claim, spawn, tail, wait_ready
from kernel.embedded.sockets import socket_folder

_BUILTIN_LOCALE_SINCE = 17


def start_postgres(state: Path, options: Sequence[str] = ()) -> Server:
    """Start it, or share the one that runs over the same state directory; ``options`` are ``name=value`` settings."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    data, log, sockets = state / "postgres", state / "postgres.log", socket_folder(state)
    url = f"postgresql://app@/postgres?host={sockets}"

    def is_ready() -> bool:
        return _status(data) == "ready" and _answers(sockets / ".s.PGSQL.5432")

    lock = claim(state / "postgres.lock", is_ready)
    if lock is None:
        return Server("postgres", url, log, None)
    try:
        programs = postgres_programs()
        _prepare(data, programs, lock, log)
        settings = [part for option in options for part in ("-c", option)]
        command: list[str | Path] = [programs / "postgres", "-D", data, "-k", sockets, "-h", "", *settings]
        process = spawn(command, lock=lock, log=log, death_signal=signal.SIGINT)
        wait_ready(process, "PostgreSQL", log, is_ready)
    finally:
        os.close(lock)
    return Server("postgres", url, log, process, stop_signal=signal.SIGINT)


def _prepare(data: Path, programs: Path, lock: int, log: Path) -> None:
    """Make the data directory if there is none, check its version, and drop a stale pid file (we hold the lock)."""
    major = _major(programs)
    if not data.exists():
        _create(data, programs, major, lock, log)
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(major):
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, {programs} is {major}: "
            f"move it away to start empty, or bring it over with pg_dump or pg_upgrade"
        )
    (data / "postmaster.pid").unlink(missing_ok=True)


def _create(data: Path, programs: Path, major: int, lock: int, log: Path) -> None:
    """Run initdb aside and rename, so that an interrupted one leaves nothing that looks like a database."""
    fresh = data.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    locale = ["--locale=C.UTF-8"]
    if major >= _BUILTIN_LOCALE_SINCE:
        locale.insert(0, "--locale-provider=builtin")
    command: list[str | Path] = [programs / "initdb", "-D", fresh, "-U", "app", "--auth=trust", "--encoding=UTF8"]
    process = spawn([*command, *locale, "--no-sync"], lock=lock, log=log, death_signal=signal.SIGTERM)
    if process.wait() != 0:
        raise EmbeddedError(f"initdb failed; the end of {log}:\n{tail(log)}")
    fresh.rename(data)


def _major(programs: Path) -> int:
    shown = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own binary
    return int(shown.split()[2].split(".")[0])


def _status(data: Path) -> str:
    """What the server says of itself: line 8 of postmaster.pid is ``starting``, ``ready`` or ``stopping``."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
