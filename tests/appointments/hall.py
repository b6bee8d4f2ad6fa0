"""A hall with windows of a city's registry, its residents, and a clock that stands at ten on a Monday."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import yaml
from redis.asyncio import Redis
from sqlalchemy import text

import flows.appointments.tasks  # noqa: F401 - its tasks are run
from adapters.apps import OpenApps
from auth.accounts.tables import Account
from flows.appointments.booking import Comer, confirm
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.ending import cancel
from flows.appointments.finding import Asked, asked, booking_of, free_times
from flows.appointments.history import happen
from flows.appointments.holding import Desk, Hold, hold
from flows.appointments.loading import Loaded, Loading
from flows.appointments.offered import Offered
from flows.appointments.office_reading import read_office_file
from flows.appointments.persons import Person, person_of
from flows.appointments.tables import Channel
from flows.appointments.turnstile import Turnstile
from kernel.celery import TaskContext, app
from kernel.clock import CHINA, ManualClock
from kernel.crypto.keys import Keys
from kernel.database import Database
from kernel.outbox import KEY_PREFIX, sweep
from kernel.settings import Settings
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import EVER, Organisation, OrganisationPlace
from services_catalog.tables import Department
from tests.payments.town import Hand

CALENDAR = b"""calendar,day,kind,hours,note,source
city,mon,working,09:00-17:00,,
city,tue,working,,,
city,wed,working,,,
city,thu,working,,,
city,fri,working,,,
city,2026-12-07,closed,,a holiday,made up
city,2026-12-12,working,,worked in exchange,made up
"""
TEN = datetime(2026, 11, 30, 10, tzinfo=CHINA)

SERVICE: dict[str, Any] = {
    "code": "marriage",
    "department": "civil",
    "name_zh": "结婚登记",
    "letter": "A",
    "minutes": 30,
    "cancel_minutes": 120,
}
WINDOW: dict[str, Any] = {
    "code": "w1",
    "name_zh": "一号窗口",
    "slot_minutes": 30,
    "skills": ["marriage"],
    "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 2}}],
}
OFFICE: dict[str, Any] = {
    "code": "hall",
    "organisation": "city",
    "name_zh": "婚姻登记处",
    "phone": "0190-1234 5001",
    "latitude": 31.2,
    "longitude": 121.4,
    "resources": [WINDOW],
}


def on(day: str, clock: str, year: int = 2026) -> datetime:
    """Return a moment such as ``on("12-01", "09:30")`` in China."""
    return datetime.fromisoformat(f"{year}-{day}T{clock}").replace(tzinfo=CHINA)


class Hall:
    """The registry's hall and what the tests do there."""

    def __init__(self, settings: Settings, database: Database, redis: Redis, keys: Keys) -> None:
        self.settings, self.database, self.redis, self.keys = settings, database, redis, keys
        self.clock = ManualClock(TEN)
        self.apps = OpenApps({})

    async def build(
        self,
        *services: dict[str, Any],
        offices: Sequence[dict[str, Any]] = (OFFICE,),
        calendar: bytes = CALENDAR,
        zone: str = "Asia/Shanghai",
    ) -> None:
        async with self.database.session() as session:
            await duty.store(session, read_calendars(calendar), zone)
            session.add(Department(name="civil", title_zh="民政局", title_en="Civil Affairs", created_at=TEN))
            session.add(
                Organisation(
                    code="city", name_zh="市", tier="city", kind="government", calendar="city", path="city",
                    guidance_path="city",
                )
            )  # fmt: skip
            await session.flush()
            session.add(OrganisationPlace(organisation="city", since=EVER, path="city", guidance_path="city"))
        await self.load({"services": list(services) or [SERVICE], "offices": list(offices)})

    async def load(self, file: dict[str, Any]) -> Loaded:
        read, found = read_office_file(yaml.safe_dump(file, allow_unicode=True).encode())
        assert not found, found
        assert read is not None
        async with self.database.session() as session:
            return await Loading(session, self.clock, "operator:test").load(read)

    def desk(self) -> Desk:
        """Return a process's desk, which remembers nothing yet."""
        return Desk(self.clock, self.keys.cipher, Turnstile(self.redis), Offered(self.database, self.clock, self.keys))

    async def residents(self, number: int) -> list[UUID]:
        accounts = [Account(created_at=TEN, ial=2) for _ in range(number)]
        async with self.database.session() as session:
            session.add_all(accounts)
        return [each.id for each in accounts]

    async def resident(self) -> UUID:
        [one] = await self.residents(1)
        return one

    async def wanted(self, people: int = 1, channel: Channel = "public", service: str = "marriage") -> Asked:
        async with self.database.session() as session:
            return await asked(session, service, "hall", people, channel)

    async def times(self, wanted: Asked | None = None, day: str = "12-01") -> list[str]:
        """Return the free times of a day as the office's clock shows them."""
        of = wanted or await self.wanted()
        begin = on(day, "00:00")
        async with self.database.session() as session:
            found = await free_times(session, self.clock, of, (begin, begin + timedelta(days=1)))
        return sorted({each.starts_at.astimezone(CHINA).strftime("%H:%M") for each in found})

    async def hold(self, account: UUID, at: datetime, wanted: Asked | None = None) -> Hold:
        return await hold(self.desk(), str(account), wanted or await self.wanted(), at)

    async def confirm(self, account: UUID, held: Hold, *others: Person, replaced: UUID | None = None) -> Booking:
        async with self.database.session() as session:
            former = await booking_of(session, replaced, lock=True) if replaced else None
            persons = [await person_of(session, account), *others]
            return await confirm(self.desk(), session, held, Comer(f"account:{account}", account, persons), former)

    async def cancel(self, account: UUID, booking_id: UUID) -> None:
        async with self.database.session() as session:
            row = await booking_of(session, booking_id, lock=True)
            await cancel(Deps(session, self.clock), row, f"account:{account}")

    async def book(self, account: UUID, at: datetime, wanted: Asked | None = None) -> Booking:
        return await self.confirm(account, await self.hold(account, at, wanted))

    async def miss(self, booking_id: UUID) -> None:
        """Somebody at the office says that nobody came."""
        async with self.database.session() as session:
            await happen(session, self.clock, await booking_of(session, booking_id, lock=True), "fail", "operator:hall")

    async def booking(self, booking_id: UUID) -> Booking:
        async with self.database.session() as session:
            return await booking_of(session, booking_id)

    async def ask(self, query: str, **values: Any) -> list[Any]:
        """Return rows of SQL."""
        async with self.database.session() as session:
            return [*(await session.exec(text(query), params=values)).all()]  # type: ignore[call-overload]  # a text

    async def until_waiting(self, number: int = 1) -> None:
        """Return once so many transactions wait for others' locks."""
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with asyncio.timeout(30):
            while len(await self.ask(waiting)) < number:
                await asyncio.sleep(0.01)

    async def work(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, and do what beat and the outbox have for appointments."""
        self.clock.advance(after)
        opened: dict[type, object] = {OpenApps: self.apps}
        hand = Hand(TaskContext(self.settings, self.database, self.redis, self.clock, has_opened=opened))
        app.runtime = hand
        names = ("fill", "look", "remind", "waitlist", "halls")
        for task in (f"appointments.{each}" for each in names):
            app.tasks[task].run()
            assert hand.work is not None
            await hand.work
        async with self.database.session() as session:
            await sweep(session, self.clock)
        while (message := await self.redis.rpop(KEY_PREFIX + "appointments")) is not None:
            headers = msgspec.json.decode(message)["headers"]  # type: ignore[arg-type]  # bytes
            app.tasks[headers["task"]].run(headers["id"])
            assert hand.work is not None
            await hand.work
