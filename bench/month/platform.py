"""The platform that is played through: its database, its worker turned by hand on a moved clock, its callback address.

Messages travel as in operation, through the outbox and Valkey; only Celery's own process is not there.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis

import worker.tasks  # noqa: F401 - registers the tasks
from adapters.apps import OpenApps
from adapters.parking_products import OpenParking
from auth.accounts.tables import Account, Identity
from bench.month.hosts import Host
from bench.month.town import START, TARIFFS, Month, Site
from flows.parking.gathering import Deps
from flows.parking.publishing import NewTariff, publish_tariff
from flows.parking.tables import ParkingLane, ParkingLot, ParkingOperator
from flows.payments.attempting import Cashier
from flows.payments.callbacks import take
from kernel.celery import TaskContext, app
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.ids import uuid7
from kernel.outbox import KEY_PREFIX, attach_outbox, sweep
from kernel.settings import Settings

TICK = timedelta(seconds=30)
AT_ONCE = 6  # transactions
_DUE = "SELECT EXISTS (SELECT FROM outbox WHERE due_at <= $1)"
_QUEUES = [KEY_PREFIX + each for each in ("payments", "parking")]


class Platform:
    """What a deployment has, in one process."""

    def __init__(
        self, settings: Settings, database: Database, redis: Redis, clock: ManualClock, hosts: Iterable[Host]
    ) -> None:
        self.database, self.redis, self.keys, self.clock = database, redis, open_keys(settings), clock
        self.hosts: Mapping[str, Host] = {each.provider: each for each in hosts}
        channels = {each.app_id: each.channel for each in self.hosts.values()}
        self.cashier = Cashier(database, redis, clock, channels, "https://city.example")
        opened: dict[type, object] = {OpenApps: OpenApps(channels), OpenParking: OpenParking()}
        self._context = TaskContext(settings, database, redis, clock, has_opened=opened)
        self.tasks = 0
        attach_outbox(database, redis)

    def deps(self, session: Any) -> Deps:
        return Deps(session, self.clock, self.keys)

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

    async def resident(self) -> Account:
        """Make somebody who has signed in to every host."""
        async with self.database.session() as session:
            account = Account(created_at=self.clock.now())
            session.add(account)
            await session.flush()
            for host in self.hosts.values():
                session.add(
                    Identity(
                        account_id=account.id, provider=host.provider, tenant=host.app_id, subject=uuid7().hex,  # type: ignore[arg-type]  # a host's name
                        verified_at=START, last_used_at=START, created_at=START,
                    )
                )  # fmt: skip
        return account

    async def told(self, host: Host, number: str) -> None:
        """A host's callback comes to our address."""
        headers, body = host.notice(number)
        callback = host.channel.read_callback(headers, {}, body)
        async with self.database.session() as session:
            await take(session, self.clock, self.keys.cipher, host.app_id, (callback, body))

    async def work(self) -> None:
        """Do everything that is due, also what that makes due."""
        if await self.database.pool.fetchval(_DUE, self.clock.now()):  # else a transaction for nothing
            async with self.database.session() as session:
                await sweep(session, self.clock)
        while True:
            found = [message for queue in _QUEUES for message in await self._popped(queue)]
            if not found:
                return
            self.tasks += len(found)
            headers = [msgspec.json.decode(each)["headers"] for each in found]
            await together([self._task(each["task"], each["id"]) for each in headers])

    async def periodic(self, name: str) -> None:
        """Do what beat starts."""
        await self._task(name)

    async def _popped(self, queue: str) -> list[bytes]:
        return await self.redis.rpop(queue, 500) or []  # type: ignore[return-value]  # bytes, as we have not asked for text

    def _task(self, name: str, *arguments: str) -> Coroutine[Any, Any, None]:
        hand = _Hand(self._context)
        app.runtime = hand
        app.tasks[name].run(*arguments)
        return hand.work[0]

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


class _Hand:
    """Celery's runtime, turned by hand."""

    def __init__(self, context: TaskContext) -> None:
        self.context = context
        self.work: list[Coroutine[Any, Any, None]] = []

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        self.work.append(work)


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do some of it at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(each: Coroutine[Any, Any, None]) -> None:
        async with turns:
            await each

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(one(each))
