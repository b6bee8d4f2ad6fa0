"""The platform that is played through: a gateway's process and a worker's, PostgreSQL and Valkey, on one moved clock.

Whoever asks a process that dies asks again, as gates, phones and hosts do: what they send has an id of its own.
"""

import asyncio
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from bench.month.hosts import Host
from bench.month.line import Line, LineLostError
from bench.month.town import START, TARIFFS, Month, Site
from flows.parking.publishing import NewTariff, publish_tariff
from flows.parking.tables import ParkingLane, ParkingLot, ParkingOperator
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.errors import YiwangError
from kernel.settings import Settings

_SERVER_BACK_SECONDS = 60.0
"""For so long after a server was killed a process may fail to reach it; at any other time that is an error."""
_PAUSE_SECONDS = 0.05


class Process:
    """A process of the platform: started when it is first asked, and again after it was killed."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._starting = asyncio.Lock()
        self._line: Line | None = None
        self._reading: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def call(self, name: str, *arguments: Any) -> Any:
        """Ask until it answers. Raises what it raises, if that is an answer."""
        while True:
            try:
                line = await self._open()
                return await line.call(name, self._platform.clock.now(), *arguments)
            except LineLostError:
                self._platform.again["its process was killed"] += 1
            except YiwangError:
                raise
            except Exception as error:
                if time.monotonic() > self._platform.servers_killed_at + _SERVER_BACK_SECONDS:
                    raise
                self._platform.again[f"{type(error).__name__}: a server was killed"] += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        self.kill()
        if self._process is not None:
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def _open(self) -> Line:
        async with self._starting:
            if self._line is None or self._line.lost:
                await self.close()
                ours, theirs = socket.socketpair()
                with theirs:
                    command = [sys.executable, "-m", "bench.month.serving", str(theirs.fileno())]
                    self._process = await asyncio.create_subprocess_exec(*command, pass_fds=(theirs.fileno(),))
                line = self._line = Line(*await asyncio.open_connection(sock=ours), self._platform.answer)
                self._reading = asyncio.create_task(line.run())
                await line.call("open", self._platform.settings, tuple(self._platform.hosts))
            return self._line


class Platform:
    """What a deployment has, as the play asks it. ``database`` is the play's own connection."""

    def __init__(self, settings: Settings, database: Database, clock: ManualClock, hosts: Iterable[Host]) -> None:
        self.settings, self.database, self.clock = settings, database, clock
        self.hosts: Mapping[str, Host] = {each.provider: each for each in hosts}
        self.gateway, self.worker = Process(self), Process(self)
        self.attempts: dict[str, tuple[str, UUID]] = {}  # by number: the host's, and whose order it is
        self.again: Counter[str] = Counter()
        self.servers_killed_at = -_SERVER_BACK_SECONDS
        self.tasks = 0

    async def aclose(self) -> None:
        await self.gateway.close()
        await self.worker.close()

    async def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What the processes ask: a host, and to write down whose attempt a number is."""
        if name == "begun":
            order, provider, number = arguments
            self.attempts[number] = provider, order
            return None
        provider, what, *rest = arguments
        return await getattr(self.hosts[provider], what)(*rest)

    async def build(self, month: Month) -> None:
        """Make operators, lots and tariffs."""
        for name in sorted({each.operator for each in month.sites}):
            async with self.database.session() as session:
                session.add(ParkingOperator(id=name, name_zh=name, created_at=START))
            for code, data in TARIFFS.items():
                wanted = NewTariff(operator_id=name, code=code, data=data, valid_from=START)
                async with self.database.session() as session:
                    await publish_tariff(session, self.clock, wanted, "staff:1")
        for site in month.sites:
            await self._build_lot(site)

    async def told(self, host: Host, number: str) -> None:
        """A host's callback comes to our address."""
        await self.gateway.call("told", host.app_id, *host.notice(number))

    async def work(self) -> None:
        """Do everything that is due, also what that makes due."""
        while done := await self.worker.call("work"):
            self.tasks += done

    async def work_beside(self, play: asyncio.Task[None]) -> None:
        """Work while somebody plays, and until nothing is due after it."""
        while not play.done():
            done = await self.worker.call("work")
            self.tasks += done
            if not done:
                await asyncio.wait({play}, timeout=_PAUSE_SECONDS / 2)
        await play
        await self.work()

    async def _build_lot(self, site: Site) -> None:
        lot = ParkingLot(
            operator_id=site.operator, code=str(site.number), name_zh=f"{site.number}号车库", kind="garage",
            latitude=31.2, longitude=121.4, spaces=1000, tariff=site.tariff, pays_later=site.pays_later,
            created_at=START,
        )  # fmt: skip
        async with self.database.session() as session:
            session.add(lot)
            await session.flush()
            for way in ("enter", "exit"):
                session.add(ParkingLane(lot_id=lot.id, name=way, device_id=site.device, direction=way))
