"""The machine under the benchmarks: programs pinned to a core, and what their process trees use, read from /proc."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

GATEWAY_CORE = "0"
LOAD_CORE = "1"  # load, upstream, databases and the benchmark itself

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The benchmark cannot go on; the message says why and how to mend it."""


_PROGRAMS = ("wrk", "nginx", "taskset", "setpriv")


def take_the_machine() -> None:
    """Check that all is there that a benchmark needs, and keep this process, and what it starts, off core 0."""
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if missing:
        raise BenchError(f"not installed: {', '.join(missing)}; on Debian: apt-get install wrk nginx util-linux")
    if not {int(GATEWAY_CORE), int(LOAD_CORE)} <= os.sched_getaffinity(0):
        raise BenchError("two cores are needed, one for the gateway, one for load and upstream")
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is stopped too


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """A program of the benchmark: pinned to a core, in a process group of its own, dead when the benchmark is."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        core: str,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", core, *argv],
                cwd=cwd,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The root of the process tree; setpriv and taskset have become the program itself."""
        return self._process.pid

    def check(self) -> None:
        """Raise if the program has ended."""
        if self._process.poll() is not None:
            raise BenchError(f"{self._process.args!r} ended with {self._process.returncode}:\n{self.last_words()}")

    def last_words(self) -> str:
        """Return the end of the program's log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def stop(self, patience_seconds: float = 5.0) -> None:
        """Ask the program to end, then end its whole process group."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process tree since its start; a child that ended is in its parent's account."""
    ticks = 0
    for member in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended between listing and reading
            stat = Path(f"/proc/{member}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, stat[11:15]))  # utime stime cutime cstime, proc(5)
    return ticks / _TICKS_PER_SECOND


@dataclass(frozen=True)
class Memory:
    """What a process tree holds now. PSS counts pages shared between processes once, RSS in each."""

    rss_mib: float
    pss_mib: float
    processes: int


def memory(pid: int) -> Memory:
    """Read a process tree's memory."""
    rss = pss = count = 0
    for member in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            text = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="utf-8")
            sizes = dict(line.split(":", 1) for line in text.splitlines()[1:])
            rss += int(sizes["Rss"].split()[0])
            pss += int(sizes["Pss"].split()[0])
            count += 1
    return Memory(rss / 1024, pss / 1024, count)


def tree(pid: int) -> Iterator[int]:
    """List a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text(encoding="utf-8").split():
                yield from tree(int(child))


def wait_until_listening(program: Program, port: int, seconds: float = 60.0) -> None:
    """Wait for a program to accept connections."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.check()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise BenchError(f"nothing listens on port {port} after {seconds:.0f} s:\n{program.last_words()}")
