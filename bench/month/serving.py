"""One process of the platform that is played through: a gateway, which residents, gates and hosts call, or a worker.

It has its own connections to PostgreSQL and Valkey and does with the flows what routes, mutations and Celery do. The
time comes with each call; hosts are asked over the same line. It may be killed at any moment.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import select

import worker.tasks  # noqa: F401 - registers the tasks
from adapters.apps import OpenApps
from adapters.channel import Channel
from adapters.errors import NotOfferedError
from adapters.parking import ParkingProduct
from adapters.parking_products import OpenParking
from auth.accounts.tables import Account, Identity
from bench.month.agenda import together
from bench.month.hosts import read_notice
from bench.month.line import Line
from bench.month.town import DEBIT_LIMIT_FEN, START
from flows.parking.agreeing import Wanted, sign
from flows.parking.disputing import decide_dispute, dispute
from flows.parking.gathering import Deps
from flows.parking.paying import Payer, pay
from flows.parking.recording import Answer, record
from flows.parking.session_tables import ParkingDispute, ParkingSession
from flows.parking.vehicles import claim, prove
from flows.payments.attempting import Cashier, begin_attempt, prepay
from flows.payments.callbacks import take
from kernel.celery import TaskContext, app
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.ids import uuid7
from kernel.money import Fen
from kernel.outbox import KEY_PREFIX, attach_outbox, sweep
from kernel.redis import open_redis
from kernel.settings import Settings

_DUE = "SELECT EXISTS (SELECT FROM outbox WHERE due_at <= $1)"
_QUEUES = [KEY_PREFIX + each for each in ("payments", "parking")]


class FarHost:
    """The channel to a host and its parking product, whose books are at the other end of the line."""

    web_sign_in = None
    kind = "charging"

    def __init__(self, provider: str, line: Line) -> None:
        self.provider, self.app_id, self._line = provider, f"app-{provider}", line
        self.vouches = provider == "wechat"

    def __getattr__(self, name: str) -> Any:
        async def asked(*arguments: Any) -> Any:
            return await self._line.call("host", self.provider, name, *arguments)

        return asked

    async def announce_payment(self, *_: object) -> None:
        raise NotOfferedError("It only charges", fix="Charge.")

    announce_exit = announce_payment

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Any:  # noqa: ARG002 - a host's callbacks have no query
        return read_notice(headers, body)


class Serving:
    """What the process is asked, by name; the first is ``open``."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.line: Line
        self._swept_at = START

    async def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "open":
            return await self._open(*arguments)
        at, *rest = arguments
        self._clock.advance(max(at - self._clock.now(), at - at))
        return await getattr(self, name)(*rest)

    async def _open(self, settings: Settings, providers: tuple[str, ...]) -> None:
        self._clock, self._keys = ManualClock(START), open_keys(settings)
        self._database = await self._stack.enter_async_context(open_database(settings))
        self._redis = await self._stack.enter_async_context(open_redis(settings))
        attach_outbox(self._database, self._redis)
        hosts: list[Any] = [FarHost(each, self.line) for each in providers]
        self._channels: dict[str, Channel] = {each.app_id: each for each in hosts}
        self._products: dict[str, ParkingProduct] = {each.app_id: each for each in hosts}
        made = self._database, self._redis, self._clock
        self._cashier = Cashier(*made, self._channels, "https://city.example")
        opened: dict[type, object] = {
            OpenApps: OpenApps(self._channels),
            OpenParking: OpenParking({app_id: [each] for app_id, each in self._products.items()}),
        }
        self._context = TaskContext(settings, *made, has_opened=opened)

    # A gateway.

    async def resident(self) -> UUID:
        """Make somebody who has signed in to every host."""
        async with self._database.session() as session:
            account = Account(created_at=self._clock.now())
            session.add(account)
            await session.flush()
            for host in self._channels.values():
                session.add(
                    Identity(
                        account_id=account.id, provider=host.provider, tenant=host.app_id, subject=uuid7().hex,  # type: ignore[arg-type]  # people sign in at these hosts
                        verified_at=START, last_used_at=START, created_at=START,
                    )
                )  # fmt: skip
        return account.id

    async def sign(self, account_id: UUID, plate: str, app_id: str) -> None:
        """A resident lets a host debit the fees of their car."""
        product = self._products[app_id]
        async with self._database.session() as session:
            deps = self._deps(session)
            vehicle = (await claim(deps, account_id, plate, "blue")).vehicle_id
            if not product.vouches:
                await prove(deps, account_id, vehicle, "register")
            wanted = Wanted(
                account_id=account_id, vehicle_id=vehicle, app_id=app_id, limit_each=Fen(DEBIT_LIMIT_FEN),
                consent_version=1,
            )  # fmt: skip
            await sign(deps, product, wanted, "https://city.example/callbacks")

    async def record(self, device: str, events: list[bytes]) -> list[Answer]:
        """A gate sends events."""
        async with self._database.session() as session:
            return await record(session, self._clock, self._keys, device, events)

    async def pay(self, session_id: UUID, account_id: UUID, key: str) -> UUID:
        """A resident wants to pay what is due; the order's id."""
        async with self._database.session() as session:
            return (await pay(self._deps(session), session_id, Payer(account_id=account_id, idempotency_key=key))).id

    async def begin(self, app_id: str, account_id: UUID, order_id: UUID) -> str:
        """A resident opens the host's cashier; the attempt's number, which is told before the host hears of it."""
        channel = self._channels[app_id]
        async with self._database.session() as session:
            held = await begin_attempt(session, self._clock, channel, account_id, order_id)
        await self.line.call("begun", order_id, channel.provider, held[0].number)
        return (await prepay(self._cashier, *held)).number

    async def told(self, app_id: str, headers: Mapping[str, str], body: bytes) -> None:
        """A host calls back."""
        callback = self._channels[app_id].read_callback(headers, {}, body)
        async with self._database.session() as session:
            await take(session, self._clock, self._keys.cipher, app_id, (callback, body))

    async def disputed(self, session_id: UUID, account_id: UUID) -> tuple[UUID, int] | None:
        """A resident says that a paid session is wrong; the dispute's id and the fee, None for what cannot be."""
        async with self._database.session() as session:
            row = await session.get(ParkingSession, session_id)
            if row is None or not row.paid_fen or row.closing_fen is None:
                return None
            open_one = select(ParkingDispute).where(ParkingDispute.session_id == row.id, ParkingDispute.state == "open")
            held = (await session.exec(open_one)).first()  # asked a second time
            made = held or await dispute(self._deps(session), row.id, account_id, "wrong_time")
            return made.id, row.closing_fen

    async def decided(self, dispute_id: UUID, fee_fen: int) -> None:
        """Staff decide."""
        async with self._database.session() as session:
            if (await session.get_one(ParkingDispute, dispute_id)).state == "open":  # else asked a second time
                await decide_dispute(self._deps(session), dispute_id, "staff:1", fee_fen)

    # A worker.

    async def work(self) -> int:
        """Do everything that is due; how much it was."""
        if self._swept_at != (now := self._clock.now()):
            if await self._database.pool.fetchval(_DUE, now):  # else a transaction for nothing
                async with self._database.session() as session:
                    await sweep(session, self._clock)
            self._swept_at = now
        async with self._redis.pipeline(transaction=False) as pipe:
            for queue in _QUEUES:
                pipe.rpop(queue, 500)
            found = [each for messages in await pipe.execute() for each in messages or []]
        headers = [msgspec.json.decode(each)["headers"] for each in found]
        await together([self._task(each["task"], each["id"]) for each in headers])
        return len(found)

    async def periodic(self, name: str) -> None:
        """Do what beat starts."""
        await self._task(name)

    async def _task(self, name: str, *arguments: str) -> None:
        hand = _Hand(self._context)
        app.runtime = hand
        app.tasks[name].run(*arguments)
        await hand.work

    def _deps(self, session: Any) -> Deps:
        return Deps(session, self._clock, self._keys)


class _Hand:
    """Celery's runtime, turned by hand."""

    def __init__(self, context: TaskContext) -> None:
        self.context = context
        self.work: Any = None

    def call(self, work: Any) -> None:
        self.work = work


async def main(descriptor: int) -> None:
    """Serve until the line ends."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    async with AsyncExitStack() as stack:
        serving = Serving(stack)
        serving.line = Line(reader, writer, serving.answer)
        await serving.line.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(int(sys.argv[1])))
