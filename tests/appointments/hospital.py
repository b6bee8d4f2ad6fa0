"""The example hospital's own booking system on loopback, a hall that mirrors it, and what may go wrong between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
from sqlmodel import select

import flows.appointments.systems.tasks  # noqa: F401 - its tasks are run
from auth.keys.key_ring import KeyRing, ensure, load
from examples.departments.hospital.app import build as hospital_app
from examples.departments.hospital.registration import Registration, Slot
from examples.departments.identity import KEYS_PATH, PlatformKeys, Verifier
from flows.appointments.booking import Comer
from flows.appointments.booking_tables import Booking
from flows.appointments.finding import Asked, asked, booking_of
from flows.appointments.holding import Desk, Hold, hold, turn
from flows.appointments.offered import Offered
from flows.appointments.persons import person_of
from flows.appointments.searching import free_days
from flows.appointments.systems.client import Clients, Signer
from flows.appointments.systems.doors import Doors
from flows.appointments.tables import BookingSystem
from flows.appointments.turnstile import Turnstile
from flows.appointments.waitlist.confirming import confirm
from kernel.celery import TaskContext, app
from kernel.database import driver
from kernel.networks import parse_networks
from tests.appointments.hall import OFFICE, SERVICE, Hall, on
from tests.payments.town import Hand
from tests.served import served

EIGHT = on("12-02", "08:00")
LOOPBACK = ("127.0.0.0/8",)
_VACCINATION = {
    **SERVICE,
    "code": "vaccination",
    "name_zh": "疫苗接种",
    "minutes": 15,
    "lead_minutes": 0,
    "counts_no_shows": False,
}
_ROOM = {
    "code": "vaccination",
    "name_zh": "接种室",
    "slot_minutes": 15,
    "skills": ["vaccination"],
    "system": "hospital",
}
_CLINIC = {**OFFICE, "code": "hospital-clinic", "name_zh": "门诊", "resources": [_ROOM]}


class Clinic:
    """The hall of a city with a hospital that has its own system."""

    def __init__(self, hall: Hall, ring: KeyRing, issuer: str) -> None:
        self.hall = hall
        self.registration = Registration(hall.clock.now)
        self.url = ""
        self.faults: dict[str, list[str]] = {}
        """By method, what goes wrong next: ``lost`` (it is done, and not said), or status and body to answer."""
        self.signer = Signer(issuer, hall.clock, lambda: ring)
        self.doors = Doors(hall.database, hall.clock, Clients(self.signer, parse_networks(LOOPBACK)))

    async def load(self, *rooms: dict[str, Any], **office: Any) -> None:
        system = {"code": "hospital", "department": "civil", "url": self.url}
        clinic = {**_CLINIC, **office} | ({"resources": [*rooms]} if rooms else {})
        await self.hall.load({"systems": [system], "services": [_VACCINATION], "offices": [clinic]})

    def desk(self) -> Desk:
        hall = self.hall
        return Desk(
            hall.clock,
            hall.keys.cipher,
            Turnstile(hall.redis),
            Offered(hall.database, hall.clock, hall.keys),
            self.doors,
        )

    async def asked(self) -> Asked:
        async with self.hall.database.session() as session:
            return await asked(session, "vaccination", "hospital-clinic")

    async def hold(self, account: UUID, at: datetime = EIGHT) -> Hold:
        return await hold(self.desk(), str(account), await self.asked(), at)

    async def confirm(self, account: UUID, held: Hold, replaced: UUID | None = None) -> Booking:
        desk = self.desk()
        async with turn(desk, held), self.hall.database.session() as session:
            former = await booking_of(session, replaced, lock=True) if replaced else None
            comer = Comer(f"account:{account}", account, [await person_of(session, account)])
            return await confirm(desk, session, held, comer, former)

    async def book(self, account: UUID, at: datetime = EIGHT) -> Booking:
        return await self.confirm(account, await self.hold(account, at))

    async def poll(self, after: timedelta = timedelta(seconds=5)) -> None:
        """Let time pass, have the worker ask, and do what the outbox has."""
        self.hall.clock.advance(after)
        hand = Hand(TaskContext(self.hall.settings, self.hall.database, self.hall.redis, self.hall.clock))
        app.runtime = hand
        app.tasks["appointments.systems"].run()
        assert hand.work is not None
        await hand.work
        await self.hall.work()

    async def system(self) -> BookingSystem:
        async with self.hall.database.session() as session:
            return (await session.exec(select(BookingSystem))).one()

    async def times(self, day: str = "12-02") -> list[str]:
        """Return the free times of a day, which are as many as search says."""
        of = await self.asked()
        found = await self.hall.times(of, day)
        async with self.hall.database.session() as session:
            now = self.hall.clock.now()
            days = await free_days(await driver(session), of.service, (now, now + timedelta(days=15)))
        assert sum(each.times for each in days if each.day[5:] == day) == len(found)
        return found

    def slot(self, at: datetime = EIGHT) -> Slot:
        """Return a time as the hospital has it."""
        return self.registration.slots["vaccination", at]

    async def slots(self, at: datetime = EIGHT) -> list[Any]:
        """Return a time as the platform has it: capacity, taken, status."""
        rows = "SELECT capacity, taken, status FROM appointment_slot WHERE starts_at = :at"
        return await self.hall.ask(rows, at=at)

    async def counter(self, path: str, body: Any, expect: int = 204) -> None:
        """Do something at the hospital's counter."""
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.url}/counter/{path}", data=msgspec.json.encode(body)) as answer,
        ):
            assert answer.status == expect, await answer.text()

    async def patient(self, at: datetime = EIGHT, expect: int = 204) -> None:
        place = {"office": "hospital-clinic", "resource": "vaccination", "starts": at}
        await self.counter("patients", place, expect)


def faulty(app_: Any, clinic: Clinic) -> Any:
    """Return an application with the faults that are planned."""

    async def between(scope: Any, receive: Any, send: Any) -> None:
        planned = clinic.faults.get(scope.get("method", ""), [])
        fault = planned.pop(0) if planned else ""
        if not fault:
            await app_(scope, receive, send)
        elif fault == "lost":
            await app_(scope, receive, _nothing)
            await asyncio.sleep(60)
        else:
            status, _, body = fault.partition(" ")
            await receive()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": int(status), "headers": headers})
            await send({"type": "http.response.body", "body": body.encode()})

    return between


async def _nothing(_: Any) -> None:
    """Say nothing."""


@asynccontextmanager
async def opened(hall: Hall, issuer: str = "http://platform.test") -> AsyncIterator[Clinic]:
    """Yield the clinic with the hospital's real application served on a port, which knows the platform's real keys."""
    await hall.build(_VACCINATION, offices=())
    async with hall.database.session() as session:
        await ensure(session, hall.keys.cipher, hall.clock)
        ring = await load(session, hall.keys.cipher, hall.clock)
    hall.settings = msgspec.structs.replace(hall.settings, upstream_networks=LOOPBACK, issuer=issuer)
    clinic = Clinic(hall, ring, issuer)

    async def jwks(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": msgspec.json.encode(ring.jwks(hall.clock.now()))})

    application = hospital_app()
    application.state.registration = clinic.registration
    async with served(jwks) as keys, served(faulty(application, clinic)) as address:
        known = PlatformKeys(keys + KEYS_PATH)
        application.state.system_verifier = Verifier(
            issuer, "system:hospital", known, lambda: hall.clock.now().timestamp()
        )
        clinic.url = f"{address}/booking"
        await clinic.load()
        await clinic.poll()
        yield clinic
