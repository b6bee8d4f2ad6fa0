"""A town that pays: simulated hosts, a deployment's channels to them, our callback address, and a worker by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

import worker.tasks  # noqa: F401 - registers the tasks
from adapters.apps import OpenApps
from adapters.channel import Channel
from adapters.parking import ParkingProduct, Plate
from adapters.parking_products import OpenParking
from adapters.sandbox.clock import MovableClock
from adapters.sandbox.development import APPS
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.hosts import Sandbox
from adapters.sandbox.plates import Agreements
from adapters.sandbox.world import Fault
from auth.accounts.accounts import Proven, sign_in
from flows.payments import ledger
from flows.payments.attempting import Begun, Cashier, begin_attempt, prepay
from flows.payments.messages import OrderChanged
from flows.payments.ordering import NewOrder, place_order
from flows.payments.refunding import refund
from flows.payments.tables import PaymentAttempt, PaymentNotice, PaymentOrder, PaymentRefund
from kernel.celery import TaskContext, app, consumer
from kernel.database import Database
from kernel.money import Fen
from kernel.outbox import KEY_PREFIX, sweep
from kernel.settings import Settings

HOSTS = ("wechat", "alipay", "baidu")
PLACES = {"wechat": "wechat_pay.callback", "alipay": "alipay.callback", "baidu": "baidu.callback"}
QUERIES = {"wechat": "wechat_pay.query", "alipay": "alipay.trade.query", "baidu": "baidu.query"}
PAID = {"wechat": "requestPayment:ok", "alipay": "9000", "baidu": "requestPolymerPayment:ok"}
OPERATOR = "operator:1"
AMOUNT = Fen(880)
PLATE = Plate("沪AD12345", "green")

heard: list[UUID] = []
_keys = count()
_Row = TypeVar("_Row")


@consumer("payments.test_heard", OrderChanged)
async def hear(_: AsyncSession, __: TaskContext, changed: OrderChanged) -> None:
    heard.append(changed.order_id)


class Hand:
    """Celery's runtime, as far as a test turns it by hand: the work that a task would do is awaited here."""

    def __init__(self, context: TaskContext) -> None:
        self.context = context
        self.work: Coroutine[Any, Any, None] | None = None

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = work


class Town:
    """Residents wang and li are signed in to every host."""

    def __init__(  # noqa: PLR0917 - what a deployment has
        self,
        settings: Settings,
        database: Database,
        redis: Redis,
        sandbox: Sandbox,
        channels: Mapping[str, Channel],
        origin: str,
    ) -> None:
        self.settings = settings
        self.clock: MovableClock = sandbox.clock
        self.database = database
        self.redis = redis
        self.sandbox = sandbox
        self.channels = channels
        self.cashier = Cashier(database, redis, self.clock, channels, origin)
        self.opened: dict[type, object] = {OpenApps: OpenApps(channels), OpenParking: OpenParking()}
        self._hand = Hand(TaskContext(settings, database, redis, self.clock, has_opened=self.opened))
        self.accounts: dict[str, UUID] = {}
        self.products: dict[str, ParkingProduct] = {}

    def host(self, name: str) -> SimulatedHost:
        return next(each for each in self.sandbox.hosts if each.provider == name)

    @property
    def wechat_pay(self) -> Any:
        """Return the simulator of the merchant."""
        return self.host("wechat")._cashier  # type: ignore[attr-defined]  # of this host alone

    def agreements(self, name: str) -> Agreements:
        """Return which plates' owners have agreed with a host that fees are taken by themselves."""
        return (self.wechat_pay.vehicles if name == "wechat" else self.host(name).parking).agreements  # type: ignore[no-any-return,attr-defined]  # of Alipay

    def channel(self, name: str) -> Channel:
        return self.channels[APPS[name]]

    def fault(self, place: str, fault: Fault, times: int = 1) -> None:
        self.sandbox.world.plan_fault(place, fault, times)

    async def sign_in(self, resident: str, *hosts: str) -> UUID:
        """Sign a resident in to some hosts, all with one account."""
        async with self.database.session() as session:
            account = None
            for name in hosts:
                known = await self.channel(name).sign_in(self.host(name).login(APPS[name], resident))
                proven = Proven(provider=name, tenant=known.app_id, subject=known.subject)  # type: ignore[arg-type]  # a host's name
                made, identity = await sign_in(session, self.clock, proven)
                account = account or made
                identity.account_id = account.id
                session.add(identity)
        assert account is not None
        self.accounts[resident] = account.id
        return account.id

    def new(self, resident: str = "wang", amount: int = AMOUNT, **more: Any) -> NewOrder:
        values: dict[str, Any] = {
            "about": "parking_session:1",
            "account_id": self.accounts[resident],
            "amount": Fen(amount),
            "subject": "停车费 粤B12345",
            "payee": OPERATOR,
            "idempotency_key": f"key {next(_keys)}",
            "expires_at": self.clock.now() + timedelta(minutes=15),
            "hears": "payments.test_heard",
        }
        return NewOrder(**values | more)

    async def order(self, resident: str = "wang", amount: int = AMOUNT, **more: Any) -> UUID:
        async with self.database.session() as session:
            return (await place_order(session, self.clock, self.new(resident, amount, **more))).id

    async def begin(self, host: str, order: UUID, resident: str = "wang") -> Begun:
        """Do what ``beginPayment`` does."""
        async with self.database.session() as session:
            held = await begin_attempt(session, self.clock, self.channel(host), self.accounts[resident], order)
        return await prepay(self.cashier, *held)

    async def pay(self, host: str, begun: Begun, *, resident: str = "wang", confirmed: bool = True) -> str:
        return await self.host(host).pay(APPS[host], resident, begun.arguments, confirmed=confirmed)

    async def paid(self, host: str, amount: int = AMOUNT) -> tuple[UUID, Begun]:
        """Have an order placed, paid, told and settled."""
        order = await self.order(amount=amount)
        begun = await self.begin(host, order)
        assert await self.pay(host, begun) == PAID[host]
        await self.settled(order, "paid")
        return order, begun

    async def give_back(self, order: UUID, amount: int, key: str = "1") -> PaymentRefund:
        async with self.database.session() as session:
            asked = {"amount": Fen(amount), "reason": "提前离场", "idempotency_key": key}
            return await refund(session, self.clock, order, **asked)  # type: ignore[arg-type]  # its keywords

    async def settled(self, order: UUID, state: str) -> PaymentOrder:
        """Wait until callbacks have brought an order there."""
        async with asyncio.timeout(10):
            while (row := await self.row(order)).state != state:
                await asyncio.sleep(0.01)
        return row

    async def eventually(self, look: Callable[[], Awaitable[_Row]], there: Callable[[_Row], bool]) -> _Row:
        """Look again and again until something is there that callbacks bring."""
        async with asyncio.timeout(10):
            while not there(row := await look()):
                await asyncio.sleep(0.02)
        return row

    async def noticed(self, times: int) -> list[PaymentNotice]:
        """Wait until so many genuine notices have come."""
        async with asyncio.timeout(10):
            while True:
                async with self.database.session() as session:
                    rows = list((await session.exec(select(PaymentNotice))).all())
                if sum(each.times for each in rows) >= times:
                    return rows
                await asyncio.sleep(0.01)

    async def work(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, and do everything that is due, also what that makes due."""
        self.clock.advance(after)
        app.runtime = self._hand
        while True:
            async with self.database.session() as session:
                await sweep(session, self.clock)
            queue = KEY_PREFIX + "payments"
            if not await self.redis.llen(queue):
                return
            while (message := await self.redis.rpop(queue)) is not None:
                headers = msgspec.json.decode(message)["headers"]  # type: ignore[arg-type]  # bytes, as we have not asked for text
                app.tasks[headers["task"]].run(headers["id"])
                assert self._hand.work is not None
                await self._hand.work

    async def until(self, order: UUID, state: str, step: timedelta = timedelta(minutes=1)) -> PaymentOrder:
        """Let time pass, by steps, until the worker has brought an order there."""
        for _ in range(120):
            await self.work(step)
            if (row := await self.row(order)).state == state:
                return row
        raise AssertionError(f"the order stays {row.state}")

    async def row(self, order: UUID) -> PaymentOrder:
        async with self.database.session() as session:
            return await session.get_one(PaymentOrder, order)

    async def attempts(self, order: UUID) -> list[PaymentAttempt]:
        async with self.database.session() as session:
            query = select(PaymentAttempt).where(PaymentAttempt.order_id == order).order_by(PaymentAttempt.number)
            return list((await session.exec(query)).all())

    async def refunds(self, order: UUID) -> list[PaymentRefund]:
        async with self.database.session() as session:
            query = select(PaymentRefund).where(PaymentRefund.order_id == order).order_by(PaymentRefund.number)
            return list((await session.exec(query)).all())

    async def refunded(self, order: UUID, state: str = "done") -> PaymentRefund:
        """Let the worker move an order's newest refund there."""
        async with asyncio.timeout(20):
            while True:
                await self.work(timedelta(minutes=1))
                row = (await self.refunds(order))[-1]
                if row.state == state:
                    return row
                await asyncio.sleep(0.03)

    async def ledger(self) -> dict[str, int]:
        """Return the accounts that hold something, the resident as ``resident``, a host as ``host``."""
        async with self.database.session() as session:
            assert await ledger.unbalanced(session) == {}
            found = await ledger.balances(session)
        assert sum(each.balance for each in found) == 0
        held: dict[str, int] = {}
        for each in found:
            kind = each.account if each.account == OPERATOR else each.account.partition(":")[0]
            held[kind] = held.get(kind, 0) + each.balance
        return {kind: balance for kind, balance in held.items() if balance}
