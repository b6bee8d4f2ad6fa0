"""A hall with counters, people who come, and clerks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.hall import calling, counters, requeueing
from flows.appointments.hall.arriving import WalkIn, check_in, take_ticket
from flows.appointments.hall.tables import HallTicket
from flows.appointments.hall.viewing import HallView, hall_of
from flows.codes import place_codes, places
from flows.codes.distance import Position
from flows.codes.place_codes import PlaceKind
from flows.codes.place_tables import StaticCode
from tests.appointments.hall import OFFICE, SERVICE, TEN, WINDOW, Hall

COUNTERS: Sequence[dict[str, Any]] = ({"code": "1", "name_zh": "一号"}, {"code": "2", "name_zh": "二号"})
PASSPORT: dict[str, Any] = {**SERVICE, "code": "passport", "name_zh": "护照", "letter": "B", "minutes": 10}
SHARED: dict[str, Any] = {**WINDOW, "skills": ["marriage", "passport"]}
LOBBY: dict[str, Any] = {**OFFICE, "resources": [SHARED], "counters": list(COUNTERS)}
CLERK = "credential:clerk"
HERE = Position(OFFICE["latitude"], OFFICE["longitude"])


class Lobby:
    """What people and clerks do in the hall."""

    def __init__(self, hall: Hall) -> None:
        self.hall, self.clock = hall, hall.clock

    async def build(self) -> None:
        await self.hall.build(SERVICE, PASSPORT, offices=[LOBBY])

    def stand(self, at: datetime) -> None:
        """Let it be that moment."""
        self.clock.advance(at - self.clock.now())

    async def sticker(
        self, reference: str = "office:hall", kind: PlaceKind = "counter", at: Position | None = HERE
    ) -> str:
        """Hang a sticker up, where the hall is or nobody knows where, and return what a scanner reads."""
        row = StaticCode(
            object_id=b"", short_code="", kid=0, created_at=TEN, kind=kind, reference=reference, name_zh="登记处大厅",
            name_en="Hall", street_zh="云津东路18号",
            latitude=at.latitude if at else None, longitude=at.longitude if at else None,
        )  # fmt: skip
        async with self.hall.database.session() as session:
            made = await places.register(session, self.clock, self.hall.keys.cipher, row)
            keys = await places.mac_keys(session, self.hall.keys.cipher)
            return place_codes.text_of(place_codes.PlaceCode(kind, made.object_id, made.kid), keys)

    async def come(self, booking: Booking, where: str = "hall") -> HallTicket:
        async with self.hall.database.session() as session:
            return await check_in(Deps(session, self.clock), booking, "place_code", where, "account:test")

    async def take(
        self, account: UUID | None = None, service: str = "marriage", *, priority: bool = False, key: str = ""
    ) -> HallTicket:
        walk_in = WalkIn(service=service, is_priority=priority, account_id=account, key=key)
        async with self.hall.database.session() as session:
            return await take_ticket(Deps(session, self.clock), "hall", walk_in, CLERK)

    async def take_many(self, number: int, service: str = "marriage") -> list[HallTicket]:
        """Have people take tickets, one a minute."""
        taken = []
        for _ in range(number):
            taken.append(await self.take(service=service))
            self.clock.advance(timedelta(minutes=1))
        return taken

    async def open(self, counter: str = "1") -> None:
        async with self.hall.database.session() as session:
            await counters.open_counter(Deps(session, self.clock), "hall", counter, CLERK)

    async def close(self, counter: str = "1") -> None:
        async with self.hall.database.session() as session:
            await counters.close_counter(Deps(session, self.clock), "hall", counter)

    async def next(self, counter: str = "1") -> str:
        """Have a counter call the next: its number, or nothing."""
        async with self.hall.database.session() as session:
            called = await calling.call_next(Deps(session, self.clock), "hall", counter, CLERK)
        return called.number if called else ""

    async def press(self, what: str, counter: str = "1", *more: str) -> HallTicket:
        """Press one of a counter's buttons: recall, skip, serve, finish or transfer."""
        async with self.hall.database.session() as session:
            done: HallTicket = await getattr(calling, what)(Deps(session, self.clock), "hall", counter, *more, CLERK)
            return done

    async def call(self, ticket: HallTicket, counter: str = "1") -> HallTicket:
        async with self.hall.database.session() as session:
            return await calling.call(Deps(session, self.clock), ticket.booking_id, counter, CLERK)

    async def requeue(self, ticket: HallTicket) -> HallTicket:
        async with self.hall.database.session() as session:
            return await requeueing.requeue(Deps(session, self.clock), ticket.booking_id, CLERK)

    async def leave(self, ticket: HallTicket) -> HallTicket:
        async with self.hall.database.session() as session:
            return await requeueing.leave(Deps(session, self.clock), ticket.booking_id, CLERK)

    async def miss(self, counter: str = "1") -> str:
        """Have a counter call the next, who does not come: their number."""
        called = await self.next(counter)
        await self.press("skip", counter)
        return called

    async def serve(self, lasts: timedelta, counter: str = "1") -> str:
        """Have a counter call the next, and serve them so long: their number."""
        called = await self.next(counter)
        await self.press("serve", counter)
        self.clock.advance(lasts)
        await self.press("finish", counter)
        return called

    async def view(self) -> HallView:
        async with self.hall.database.snapshot() as session:
            return await hall_of(session, self.clock, self.hall.keys.cipher, "hall")

    async def line(self) -> list[str]:
        """Return the numbers of who waits, in order."""
        return [each.number for each in (await self.view()).waiting]
