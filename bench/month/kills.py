"""Kills the platform's processes, and its servers if given, by SIGKILL at drawn moments, amid what they do just then.

A process that is killed loses its memory, not what it has written: the operating system has that. So PostgreSQL may
leave out ``fsync``, which is for a machine that dies, but not ``synchronous_commit``.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count

from bench.machine import tree
from bench.month.platform import Platform
from bench.month.town import START, Month
from kernel.embedded.postgres import start_postgres
from kernel.embedded.process import Server
from kernel.embedded.valkey import start_valkey
from kernel.settings import Settings, state_path

_WITHIN_SECONDS = 0.3  # of the moment, by the machine's clock: long enough to be in the middle of something
_DOWN_SECONDS = 0.5


class Servers:
    """PostgreSQL and Valkey, which can be killed and come back."""

    def __init__(self, settings: Settings, postgres_options: Sequence[str], started: Iterable[Server]) -> None:
        self._state, self._options = state_path(settings), postgres_options
        self.running = {each.name: each for each in started}

    def kill(self, name: str) -> None:
        """End a server and all of its processes, the parent first, so that it cannot care for its children."""
        process = self.running[name].process
        if process is None:
            raise AssertionError(f"{name} was started by somebody else")
        for each in [*tree(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait()

    def start(self, name: str) -> None:
        """Start it over what it has written; its address is the same."""
        self.running[name] = (
            start_postgres(self._state, self._options) if name == "postgres" else start_valkey(self._state)
        )


class Killer:
    """``done`` counts by what was killed."""

    def __init__(self, platform: Platform, month: Month, servers: Servers | None, kills: int) -> None:
        self._platform, self._servers = platform, servers
        self._random = month.random("kills")
        whole = (month.end - START).total_seconds()
        targets = ["gateway", "worker", *(servers.running if servers else ())]
        moments = sorted(self._random.uniform(0, whole) for _ in range(kills))
        self._due = [(moment, targets[number % len(targets)]) for moment, number in zip(moments, count())]
        self._killing: asyncio.Task[None] | None = None
        self.done: Counter[str] = Counter()

    def look(self, now: datetime) -> None:
        """Kill soon what is to be killed by now; one at a time, for the one before has to come back."""
        passed = (now - START).total_seconds()
        if self._due and self._due[0][0] <= passed and (self._killing is None or self._killing.done()):
            _, target = self._due.pop(0)
            self._killing = asyncio.create_task(self._kill(target))

    async def close(self) -> None:
        """Wait for the last one. Raises what it has raised."""
        if self._killing is not None:
            await self._killing

    async def _kill(self, target: str) -> None:
        await asyncio.sleep(self._random.uniform(0, _WITHIN_SECONDS))
        self.done[target] += 1
        if target in ("gateway", "worker"):
            (self._platform.gateway if target == "gateway" else self._platform.worker).kill()
            return
        if self._servers is not None:
            self._platform.servers_killed_at = time.monotonic()
            self._servers.kill(target)
            await asyncio.sleep(self._random.uniform(0, _DOWN_SECONDS))
            self._servers.start(target)  # in this thread, for the server ends with it
            self._platform.servers_killed_at = time.monotonic()
