"""Keeps processes running: starts them, starts again with growing pauses what dies, ends all in order.

The kernel ends them should we be killed (``kernel.processes``), so everything is started from the main thread.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded.process import EmbeddedError, tail
from kernel.processes import can_tie, tied

STOP_SECONDS = 15.0  # a gateway finishes its requests, a worker its tasks
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0  # who lived so long starts again with the first pause
_LOG_BYTES = 16 * 2**20  # a log that is longer begins anew; the one before it stays beside it
_LOG_SECONDS = 10.0  # between two looks at the logs


@dataclass
class Unit:
    """One process that should run; ``start`` makes it, from the main thread."""

    name: str
    start: "Callable[[], subprocess.Popen[bytes]]"
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    process: "subprocess.Popen[bytes] | None" = None
    log_start: int = 0  # where in the log this process began


def program(name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> Unit:
    """A unit that runs a command, its output in ``log``, which starts empty."""
    log.write_bytes(b"")
    ours = tied(command, signal.SIGTERM) if can_tie() else command

    def start() -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - the commands are this project's own
                ours,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ctrl-C is for us; we end the others in order
            )

    return Unit(name, start, log)


def ourselves(*arguments: str) -> list[str]:
    """The command line of another ``yiwang`` command."""
    return [sys.executable, "-P", "-m", "cli.main", *arguments]


class Supervisor:
    """Runs units until told to stop; tells what happens through ``say``."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._groups: list[Sequence[Unit]] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._waiting = ThreadPoolExecutor(max_workers=64)  # a thread a unit, asleep in waitpid
        self._stopping = False

    def add(self, units: Sequence[Unit]) -> None:
        """Start those that do not run yet, and keep all of them running."""
        if not self._groups:
            self._keeping.append(asyncio.create_task(self._trim_logs()))
        self._groups.append(units)
        for unit in units:
            if unit.process is None:
                self._start(unit)
            self._keeping.append(asyncio.create_task(self._keep(unit)))

    async def stop(self) -> None:
        """End everything, what was added last first, what was added together at once; by force what does not go."""
        self._stopping = True
        for units in reversed(self._groups):
            await asyncio.gather(*map(self._end, units))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._waiting.shutdown()

    async def _end(self, unit: Unit) -> None:
        if unit.process is None or unit.process.poll() is not None:
            return
        unit.process.send_signal(unit.stop_signal)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._gone(unit.process)
        except TimeoutError:
            self._say(f"{unit.name} did not end in {STOP_SECONDS:.0f} s and was killed")
            unit.process.kill()

    async def _keep(self, unit: Unit) -> None:
        pause = _FIRST_PAUSE
        while unit.process is not None:
            began = time.monotonic()
            code = await self._gone(unit.process)
            if self._stopping:
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_SECONDS else pause
            last = tail(unit.log, unit.log_start)
            words = f" The end of {unit.log}:\n{textwrap.indent(last, '    ')}" if last else ""
            self._say(f"{unit.name} ended ({_describe(code)}); it starts again in {pause:.1f} s.{words}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if not self._stopping:
                self._start(unit)

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(_LOG_SECONDS)
            for unit in [unit for units in self._groups for unit in units]:
                try:
                    trim(unit)
                except OSError as error:
                    self._say(f"the log of {unit.name} is too long and cannot be moved: {error}")

    def _start(self, unit: Unit) -> None:
        unit.log_start = size_of(unit.log)
        try:
            unit.process = unit.start()
        except EmbeddedError as error:  # the loop goes on with the dead process, and with a longer pause
            self._say(str(error))

    async def _gone(self, process: "subprocess.Popen[bytes]") -> int:
        return await asyncio.get_running_loop().run_in_executor(self._waiting, process.wait)


def size_of(log: Path) -> int:
    """The bytes of a log, 0 for one that somebody removed."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def trim(unit: Unit, most: int = _LOG_BYTES) -> None:
    """Move a log's content to ``<log>.1`` when it is longer than ``most``; its process, which appends, goes on."""
    if size_of(unit.log) > most:
        shutil.copyfile(unit.log, unit.log.with_name(f"{unit.log.name}.1"))
        os.truncate(unit.log, 0)
        unit.log_start = 0


def child_environment(settings_variables: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these settings, and without what keeps Python from writing bytecode."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **settings_variables}


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
