"""``yiwang appointments load`` while residents hold and wait: it passes no turnstile by."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import yaml
from redis.asyncio import Redis

from flows.appointments.errors import TakenError
from flows.appointments.waitlist.wishes import Window
from flows.appointments.watching import attach_appointments
from kernel.clock import CHINA, ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.appointments.waiting import join, states
from tests.cli.operator import Operator

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
async def hall(settings: Settings, database: Database, redis: Redis, clock: ManualClock) -> Hall:
    """One window with a place for residents and one for the hotline, at nine on each day."""
    attach_outbox(database, redis)
    attach_appointments(database, redis)
    made = Hall(settings, database, redis, open_keys(settings))
    made.clock = clock
    await made.build(SERVICE, offices=[office(public=1, hotline=1)])
    return made


@pytest.fixture
def nine(clock: ManualClock) -> datetime:
    return datetime.combine(clock.now().astimezone(CHINA).date() + timedelta(days=4), time(9), CHINA)


def office(**places: int) -> dict[str, Any]:
    hours = {"days": WEEK, "hours": "09:00-09:30", "places": places}
    return {**OFFICE, "resources": [{**WINDOW, "schedules": [hours]}]}


async def load(operator: Operator, *options: str, **places: int) -> None:
    await operator.done("appointments", "load", "-", *options, stdin=yaml.safe_dump({"offices": [office(**places)]}))


async def wait(hall: Hall, account: UUID, at: datetime) -> UUID:
    return await join(hall, account, [Window(at.date(), at.date(), 540, 570)])


async def test_a_place_that_is_taken_away_and_given_back_is_its_holder_s(
    hall: Hall, operator: Operator, nine: datetime
) -> None:
    holder, waits = await hall.residents(2)
    waiting = await wait(hall, waits, nine)
    made = await hall.hold(holder, nine)
    await load(operator, public=0, hotline=1)
    await load(operator, public=1, hotline=1)
    assert await states(hall, waiting) == ["waitlisted"]
    assert (await hall.confirm(holder, made)).state == "confirmed"


async def test_places_that_are_added_are_offered_unless_it_is_a_dry_run(
    hall: Hall, operator: Operator, nine: datetime
) -> None:
    owner, waits, other = await hall.residents(3)
    await hall.book(owner, nine)
    waiting = await wait(hall, waits, nine)
    await load(operator, "--dry-run", public=2, hotline=1)
    assert await states(hall, waiting) == ["waitlisted"]
    assert await hall.redis.keys("*held*") == []
    await load(operator, public=2, hotline=1)
    assert await states(hall, waiting) == ["offered"]
    with pytest.raises(TakenError):
        await hall.hold(other, nine)
