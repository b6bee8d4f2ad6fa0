"""``--people`` of what an office tells by telephone: who it is and their number; the audit log has who asked."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from auth.accounts.tables import Account, Identity
from flows.appointments.booking import Comer, confirm
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.holding import hold
from flows.appointments.notices import notify_everybody
from flows.appointments.papers.keeping import Bearer
from flows.appointments.persons import index_of, person_of
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.appointments.hall import OFFICE, Hall, on
from tests.cli.operator import Operator

NUMBER = "11010519491231002X"
CALLED = "王秀英  +8613900000001"


@pytest.fixture
async def hall(settings: Settings, database: Database, redis: Redis) -> Hall:
    attach_outbox(database, redis)
    made = Hall(settings, database, redis, open_keys(settings))
    await made.build()
    return made


async def booked(hall: Hall, at: str, comer: Comer) -> Booking:
    held = await hold(hall.desk(), comer.actor, await hall.wanted(), on("12-01", at))
    async with hall.database.session() as session:
        return await confirm(hall.desk(), session, held, comer)


async def by_hotline(hall: Hall, phone: str = "+8613900000001") -> Booking:
    bearer = Bearer(index_of(hall.keys, NUMBER), NUMBER, "王秀英" if phone else "", phone)
    return await booked(hall, "09:00", Comer("credential:desk", None, [(bearer.index,)], bearer=bearer))


async def with_account(hall: Hall) -> Booking:
    account, now = await hall.resident(), hall.clock.now()
    async with hall.database.session() as session:
        row = await session.get_one(Account, account)
        row.name = hall.keys.cipher.seal("account.name", account, "李强")
        phone = Identity(
            account_id=account, provider="phone", tenant="phone", subject="x", verified_at=now, last_used_at=now,
            created_at=now,
        )  # fmt: skip
        phone.value = hall.keys.cipher.seal("identity.value", phone.id, "+8613900000002")
        session.add_all([row, phone])
        person = await person_of(session, account)
    return await booked(hall, "09:30", Comer(f"account:{account}", account, [person]))


async def audited(hall: Hall) -> Sequence[str]:
    rows = await hall.ask("SELECT actor, object FROM audit_entry WHERE action = 'appointment.person_read' ORDER BY seq")
    assert {actor.partition(":")[0] for actor, _ in rows} <= {"operator"}
    return [object_ for _, object_ in rows]


async def test_whose_time_is_served_no_more(hall: Hall, operator: Operator) -> None:
    rows = [await by_hotline(hall), await with_account(hall)]
    await hall.load({"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01"}]}]})
    bare = await operator.done("appointments", "conflicts")
    assert bare.count("\n") == 2
    assert "王" not in bare
    assert await audited(hall) == []
    said = (await operator.done("appointments", "conflicts", "--people")).splitlines()
    assert [line.strip() for line in said[1::2]] == [CALLED, "李强  +8613900000002"]
    assert await audited(hall) == [f"booking:{row.id}" for row in rows]


async def test_nobody_waits_for_the_audit_log_while_people_are_looked_up(hall: Hall, operator: Operator) -> None:
    for row in (await by_hotline(hall), await with_account(hall)):
        await hall.ask("UPDATE booking SET state = 'conflict' WHERE id = :id RETURNING id", id=row.id)
    async with hall.database.session() as session:
        await session.exec(text("LOCK TABLE identity IN ACCESS EXCLUSIVE MODE"))  # type: ignore[call-overload]  # a text
        looking = asyncio.create_task(operator.done("appointments", "conflicts", "--people"))
        await hall.until_waiting()
        assert await hall.ask("SELECT seq FROM audit_head FOR UPDATE NOWAIT")
    assert CALLED in await looking
    assert len(await audited(hall)) == 2


async def test_so_many_conflicts_the_earliest_first(hall: Hall, operator: Operator) -> None:
    rows = [await with_account(hall), await by_hotline(hall)]
    await hall.load({"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01"}]}]})
    said = await operator.done("appointments", "conflicts", "--most", "1")
    assert [row.code in said for row in rows] == [False, True]


async def test_whom_no_notice_has_reached(hall: Hall, operator: Operator) -> None:
    rows = [await by_hotline(hall), await with_account(hall)]
    async with hall.database.session() as session:
        for row in rows:
            await notify_everybody(Deps(session, hall.clock), row, "office_cancelled", code=row.code, reason="停电")
    await hall.work(timedelta(minutes=1))  # no app is configured
    asked = ("appointments", "notices", "--state", "untold", "--people")
    said = (await operator.done(*asked)).splitlines()
    assert [line.strip() for line in said[1::2]] == ["李强  +8613900000002", CALLED]
    assert {UUID(each.removeprefix("appointment_notice:")) for each in await audited(hall)} == {
        id_ for (id_,) in await hall.ask("SELECT id FROM appointment_notice")
    }
    bare = await operator.done(*asked[:-1])
    assert "+86" not in bare
    assert len(await audited(hall)) == 2


async def test_nothing_is_known_of_who_left_no_number(hall: Hall, operator: Operator) -> None:
    await by_hotline(hall, "")
    await hall.load({"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01"}]}]})
    assert "no name is known  no telephone is known" in await operator.done("appointments", "conflicts", "--people")
