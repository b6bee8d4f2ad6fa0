"""A town shortly before midnight in Beijing whose payments are told to us only when a test says so."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from uuid import UUID

from redis.asyncio import Redis
from sqlmodel import col, select

from adapters.apps import OpenApps
from adapters.bills import Bill
from adapters.sandbox.development import APPS
from adapters.sandbox.world import Fault
from auth.accounts.accounts import Proven, sign_in
from flows.payments import ledger
from flows.payments.attempting import Begun, Cashier, begin_attempt, prepay
from flows.payments.messages import RefundNamed
from flows.payments.moving import move
from flows.payments.ordering import NewOrder, place_order
from flows.payments.reconciliation.reconciling import reconcile
from flows.payments.reconciliation.tables import HostBill, ReconciliationDifference
from flows.payments.refunding import refund
from flows.payments.settling import settle
from flows.payments.tables import PaymentAttempt, PaymentOrder, PaymentRefund
from kernel.celery import TaskContext
from kernel.clock import CHINA
from kernel.database import Database
from kernel.money import Fen
from kernel.settings import Settings
from tests.adapters.town import Town

HOSTS = ("wechat", "alipay", "baidu")
BILLS = {"wechat": "wechat_pay.bill_file", "alipay": "alipay.bill_file", "baidu": "baidu.bill_file"}
_CALLBACKS = {"wechat": "wechat_pay.callback", "alipay": "alipay.callback", "baidu": "baidu.callback"}
_keys = count()


class ReconciledTown:
    """wang pays; every second something happens."""

    def __init__(self, settings: Settings, database: Database, redis: Redis, town: Town) -> None:
        self.database = database
        self.town = town
        self.clock = town.sandbox.clock
        self.day = self.clock.now().astimezone(CHINA).date()
        opened: dict[type, object] = {OpenApps: OpenApps(town.channels)}
        self.context = TaskContext(settings, database, redis, self.clock, has_opened=opened)
        self._cashier = Cashier(database, redis, self.clock, town.channels, town.origin)
        self._account: UUID | None = None
        for place in _CALLBACKS.values():
            town.sandbox.world.plan_fault(place, "never", 50)

    def fault(self, host: str, fault: Fault) -> None:
        self.town.sandbox.world.plan_fault(BILLS[host], fault)

    async def account(self) -> UUID:
        """Return wang's account, signed in to every host."""
        if self._account is None:
            async with self.database.session() as session:
                for name in HOSTS:
                    known = await self.town.channel(name).sign_in(self.town.host(name).login(APPS[name], "wang"))
                    proven = Proven(provider=name, tenant=known.app_id, subject=known.subject)  # type: ignore[arg-type]  # a host's name
                    made, identity = await sign_in(session, self.clock, proven)
                    self._account = self._account or made.id
                    identity.account_id = self._account
                    session.add(identity)
        assert self._account is not None
        return self._account

    async def order(self, amount: int = 880) -> UUID:
        wanted = NewOrder(
            about="parking_session:1",
            account_id=await self.account(),
            amount=Fen(amount),
            subject="停车费",
            payee="operator:1",
            idempotency_key=f"key {next(_keys)}",
            expires_at=self.clock.now() + timedelta(minutes=15),
        )
        async with self.database.session() as session:
            return (await place_order(session, self.clock, wanted)).id

    async def begin(self, host: str, order: UUID) -> Begun:
        account = await self.account()
        async with self.database.session() as session:
            held = await begin_attempt(session, self.clock, self.town.channel(host), account, order)
        return await prepay(self._cashier, *held)

    async def pay(self, host: str, begun: Begun, *, heard: bool = True) -> None:
        self.clock.advance(timedelta(seconds=1))
        await self.town.pay(host, begun.arguments)
        if heard:
            await self.hear(host, begun.number)

    async def hear(self, host: str, number: str) -> None:
        found = await self.town.channel(host).query(number)
        async with self.database.session() as session:
            await settle(session, self.clock, number, found)

    async def paid(self, host: str, amount: int = 880, *, heard: bool = True) -> tuple[UUID, str]:
        """Have an order paid; return it and the attempt's number."""
        order = await self.order(amount)
        begun = await self.begin(host, order)
        await self.pay(host, begun, heard=heard)
        return order, begun.number

    async def given_back(self, order: UUID, amount: int) -> str:
        """Have a part given back, and wait until the host has done it; return the refund's number."""
        self.clock.advance(timedelta(seconds=1))
        async with self.database.session() as session:
            asked = await refund(
                session, self.clock, order, amount=Fen(amount), reason="提前离场", idempotency_key=f"key {next(_keys)}"
            )
        await self.moved(asked.number)
        return asked.number

    async def moved(self, number: str) -> None:
        """Do what the worker does about a refund until it is done."""
        async with asyncio.timeout(10):
            while True:
                async with self.database.session() as session:
                    await move(session, self.clock, self.town.channels, RefundNamed(number))
                async with self.database.session() as session:
                    if (await session.get_one(PaymentRefund, number)).state == "done":
                        return
                await asyncio.sleep(0.02)

    async def bill(self, host: str, day: date | None = None) -> Bill:
        """Fetch a day's bill at noon of the next day, or now if that is later."""
        day = day or self.day
        noon = datetime.combine(day + timedelta(days=1), time(12), CHINA)
        self.clock.advance(max(noon - self.clock.now(), timedelta(0)))
        return await self.town.channel(host).bill(day)

    async def reconciled(self, host: str, day: date | None = None) -> dict[str, int]:
        """Reconcile a day; return how many movements came to what."""
        bill = await self.bill(host, day)
        async with self.database.session() as session:
            row = await reconcile(session, self.clock, bill)
        return {name: group["count"] for name, group in row.found.items() if name != "fees"}

    async def differences(self, host: str) -> Sequence[tuple[str, str, str]]:
        """Return class, number and state of what was found in an app, the oldest first."""
        query = select(ReconciliationDifference).where(ReconciliationDifference.app_id == APPS[host])
        async with self.database.session() as session:
            rows = (await session.exec(query.order_by(col(ReconciliationDifference.id)))).all()
        return [(each.difference, each.number, each.state) for each in rows]

    async def bills(self) -> Sequence[HostBill]:
        async with self.database.session() as session:
            return (await session.exec(select(HostBill).order_by(col(HostBill.day), col(HostBill.app_id)))).all()

    async def state(self, order: UUID) -> str:
        async with self.database.session() as session:
            return (await session.get_one(PaymentOrder, order)).state

    async def attempt(self, number: str) -> PaymentAttempt:
        async with self.database.session() as session:
            return await session.get_one(PaymentAttempt, number)

    async def refunds(self, number: str) -> Sequence[PaymentRefund]:
        query = select(PaymentRefund).where(PaymentRefund.attempt_number == number)
        async with self.database.session() as session:
            return (await session.exec(query)).all()

    async def balance(self, account: str) -> int:
        async with self.database.session() as session:
            assert await ledger.unbalanced(session) == {}
            return await ledger.balance_of(session, account)
