"""A garage with a gate in and a gate out, whose devices tests are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from redis.asyncio import Redis
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from adapters.channel import Payment
from adapters.parking_products import OpenParking
from auth.accounts.tables import Account
from flows.parking.gathering import Deps
from flows.parking.paying import Payer, pay
from flows.parking.publishing import NewTariff, publish_tariff
from flows.parking.quoting import quote
from flows.parking.recording import Answer, record
from flows.parking.session_tables import ParkingQuote, ParkingSession
from flows.parking.tables import ParkingLane, ParkingLot, ParkingOperator, ParkingTariff
from flows.payments import ledger
from flows.payments.settling import settle
from flows.payments.states import after_order
from flows.payments.tables import PaymentAttempt, PaymentOrder
from kernel.celery import TaskContext, app
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys
from kernel.database import Database
from kernel.money import Fen
from kernel.outbox import KEY_PREFIX, sweep
from kernel.settings import Settings
from tests.parking.tariffs import EXAMPLE, at
from tests.payments.town import Hand

NINE = at("11-02 09:00")
PLATE = "沪A12345"


class Lot:
    """One lot and its devices; the clock stands at nine on a Monday."""

    def __init__(self, settings: Settings, database: Database, redis: Redis, keys: Keys) -> None:
        self.settings, self.database, self.redis, self.keys = settings, database, redis, keys
        self.clock = ManualClock(NINE)
        self.opened: dict[type, object] = {OpenParking: OpenParking()}
        self.number = 0
        self.apps = OpenApps({})
        self.row = ParkingLot(
            operator_id="garages", code="1", name_zh="一号车库", kind="garage", latitude=31.2, longitude=121.4,
            spaces=100, tariff="example", created_at=NINE,
        )  # fmt: skip

    async def build(self) -> None:
        async with self.database.session() as session:
            session.add(ParkingOperator(id="garages", name_zh="车库公司", created_at=NINE))
            await session.flush()
            session.add(self.row)
            await session.flush()
            for name in ("enter", "exit"):
                session.add(ParkingLane(lot_id=self.row.id, name=name, device_id="box", direction=name))
        await self.publish(EXAMPLE, at("01-01 00:00"))

    async def publish(self, data: dict[str, Any], valid_from: datetime) -> ParkingTariff:
        async with self.database.session() as session:
            wanted = NewTariff(operator_id="garages", code="example", data=data, valid_from=valid_from)
            return await publish_tariff(session, self.clock, wanted, "staff:1")

    def event(self, kind: str, minutes: float, plate: str = PLATE, **more: Any) -> dict[str, Any]:
        """What a device sends of so many minutes after nine."""
        self.number += 1
        lane = more.pop("lane", "enter" if kind == "enter" else "exit")
        moment = NINE + timedelta(minutes=minutes)
        event_id = uuid5(NAMESPACE_URL, f"{kind} {lane} {moment} {plate} {more}")
        told = {"event_id": str(event_id), "seq": self.number, "lane": lane, "kind": kind, "plate": plate}
        told |= {"occurred_at": moment.isoformat(), "plate_color": "blue"}
        return {name: value for name, value in (told | more).items() if value is not None}

    async def send(self, *events: dict[str, Any] | bytes) -> list[Answer]:
        """Record them in one request, no earlier than they happened."""
        moments = [datetime.fromisoformat(each["occurred_at"]) for each in events if isinstance(each, dict)]
        late = max(moments, default=self.clock.now()) - self.clock.now()
        self.clock.advance(max(late, timedelta(0)))
        raw = [each if isinstance(each, bytes) else msgspec.json.encode(each) for each in events]
        async with self.database.session() as session:
            return await record(session, self.clock, self.keys, "box", raw)

    async def passes(self, kind: str, minutes: float, plate: str = PLATE, **more: Any) -> Answer:
        """One vehicle at the gate."""
        [answer] = await self.send(self.event(kind, minutes, plate, **more))
        return answer

    async def sessions(self) -> Sequence[ParkingSession]:
        """The sessions that count, in the order of their beginning."""
        async with self.database.session() as session:
            chosen = select(ParkingSession).where(col(ParkingSession.superseded_by).is_(None))
            return (await session.exec(chosen.order_by(col(ParkingSession.opened_at), col(ParkingSession.id)))).all()

    async def shape(self) -> list[tuple[Any, ...]]:
        """What does not depend on the moment of recording."""
        return [
            (row.id, row.entered_at, row.left_at, row.match, row.review, row.state, row.closing_fen, row.paid_fen)
            for row in await self.sessions()
        ]

    async def forget(self) -> None:
        """Delete what happened, not the lot."""
        async with self.database.session() as session:
            await session.exec(text("TRUNCATE parking_event, parking_session, parking_refused_event CASCADE"))  # type: ignore[call-overload]  # plain SQL

    def deps(self, session: AsyncSession) -> Deps:
        return Deps(session, self.clock, self.keys)

    async def account(self) -> UUID:
        async with self.database.session() as session:
            made = Account(created_at=self.clock.now())
            session.add(made)
            await session.flush()
            return made.id

    async def quote(self, session_id: str) -> ParkingQuote:
        async with self.database.session() as session:
            return await quote(self.deps(session), UUID(session_id))

    async def order(self, session_id: str, account: UUID, key: str = "key") -> PaymentOrder:
        async with self.database.session() as session:
            return await pay(self.deps(session), UUID(session_id), Payer(account_id=account, idempotency_key=key))

    async def attempt(self, order: PaymentOrder) -> str:
        """A host app has been asked to charge for an order; its number there."""
        now = self.clock.now()
        async with self.database.session() as session:
            made = PaymentAttempt(
                order_id=order.id, provider="wechat", app_id="wx1", amount=order.amount, state="pending",
                expires_at=order.expires_at, created_at=now, changed_at=now,
            )  # fmt: skip
            session.add(made)
            row = await session.get_one(PaymentOrder, order.id)
            row.state = after_order(row.state, "attempt")
            session.add(row)
            await session.flush()
            return made.number

    async def host_says_paid(self, number: str, amount: int, paid_at: datetime | None = None) -> None:
        """A verified word of the host, by callback or query."""
        word = Payment(
            number=number,
            state="paid",
            amount=Fen(amount),
            transaction=f"t{number}",
            paid_at=paid_at or self.clock.now(),
        )
        async with self.database.session() as session:
            await settle(session, self.clock, number, word)

    async def paid(self, session_id: str, account: UUID, key: str = "key") -> PaymentOrder:
        """Have what is due paid, and the worker hear of it."""
        order = await self.order(session_id, account, key)
        await self.host_says_paid(await self.attempt(order), order.amount)
        await self.work()
        return order

    async def work(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, and do all of parking that is due, also what that makes due."""
        self.clock.advance(after)
        opened = {**self.opened, OpenApps: self.apps}
        hand = Hand(TaskContext(self.settings, self.database, self.redis, self.clock, has_opened=opened))
        app.runtime = hand
        await look_at_due_now(hand)
        queue = KEY_PREFIX + "parking"
        while True:
            async with self.database.session() as session:
                await sweep(session, self.clock)
            if not await self.redis.llen(queue):
                return
            while (message := await self.redis.rpop(queue)) is not None:
                headers = msgspec.json.decode(message)["headers"]  # type: ignore[arg-type]  # bytes
                app.tasks[headers["task"]].run(headers["id"])
                assert hand.work is not None
                await hand.work

    async def ledger(self) -> dict[str, int]:
        """What the accounts of payments hold."""
        async with self.database.session() as session:
            assert await ledger.unbalanced(session) == {}
            return {each.account.partition(":")[0]: each.balance for each in await ledger.balances(session)}

    async def one(self) -> ParkingSession:
        [row] = await self.sessions()
        return row


async def look_at_due_now(hand: Hand) -> None:
    """Have beat start what it starts every minute."""
    app.tasks["parking.look"].run()
    assert hand.work is not None
    await hand.work
