"""People are reminded once, so long before as the service says."""

from datetime import timedelta

from flows.appointments.reminding import DUE, to_remind
from kernel.database import driver
from tests.appointments.hall import SERVICE, Hall, on

NINE = on("12-02", "09:00")


async def reminders(hall: Hall) -> list[tuple[str, str]]:
    rows = await hall.ask("""SELECT n.kind, n.state FROM appointment_notice n JOIN booking b ON b.id = n.about
        WHERE n.kind = 'reminder'""")
    return [tuple(row) for row in rows]


async def history(hall: Hall) -> list[str]:
    return [event for (event,) in await hall.ask("SELECT event FROM booking_event ORDER BY id")]


async def test_a_day_before_and_once(hall: Hall) -> None:
    await hall.book(await hall.resident(), NINE)
    await hall.work(NINE - timedelta(hours=24, seconds=1) - hall.clock.now())
    assert await reminders(hall) == []
    await hall.work(timedelta(seconds=1))
    await hall.work(timedelta(minutes=1))
    assert await reminders(hall) == [("reminder", "untold")]
    assert await history(hall) == ["confirm", "remind"]


async def test_not_of_what_was_booked_later_than_that(hall: Hall) -> None:
    hall.clock.advance(NINE - timedelta(hours=23) - hall.clock.now())
    await hall.book(await hall.resident(), NINE)
    await hall.work(timedelta(hours=1))
    assert await reminders(hall) == []


async def test_as_early_as_the_service_says_or_not_at_all(hall: Hall) -> None:
    await hall.load({"services": [{**SERVICE, "remind_minutes": 60}]})
    await hall.book(await hall.resident(), NINE)
    await hall.work(NINE - timedelta(minutes=61) - hall.clock.now())
    assert await reminders(hall) == []
    await hall.load({"services": [{**SERVICE, "remind_minutes": 0}]})
    await hall.work(timedelta(minutes=30))
    assert await reminders(hall) == []
    await hall.load({"services": [{**SERVICE, "remind_minutes": 60}]})
    await hall.work()
    assert len(await reminders(hall)) == 1


async def test_who_was_reminded_is_not_again_when_the_service_says_another_time(hall: Hall) -> None:
    await hall.book(await hall.resident(), NINE)
    await hall.work(NINE - timedelta(hours=24) - hall.clock.now())
    await hall.load({"services": [{**SERVICE, "remind_minutes": 60}]})
    await hall.work(NINE - timedelta(hours=1) - hall.clock.now())
    assert len(await reminders(hall)) == 1
    assert await history(hall) == ["confirm", "remind"]


async def test_who_would_be_reminded_by_nobody_is_all_the_same_and_once(hall: Hall) -> None:
    """A process of a former version has written the booking, without the moment."""
    await hall.book(await hall.resident(), NINE)
    await hall.ask("UPDATE booking SET remind_at = NULL RETURNING id")
    await hall.work(NINE - timedelta(hours=24, minutes=1) - hall.clock.now())
    assert await reminders(hall) == []
    for _ in range(2):
        await hall.work(timedelta(minutes=10))
        assert len(await reminders(hall)) == 1
    assert await hall.ask("SELECT remind_at FROM booking") == [(None,)]


async def test_of_many_that_are_to_come_only_what_is_due_is_read(hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), NINE)
    await hall.ask(
        """INSERT INTO booking (id, uid, code, hold_id, service, office, slot_ids, starts_at, ends_at, people, channel,
                state, sequence, created_at, updated_at, remind_at)
            SELECT gen_random_uuid(), gen_random_uuid(), n::text, n::text, service, office, slot_ids,
                starts_at + n * interval '1 minute', ends_at + n * interval '1 minute', 1, 'public', 'confirmed', 0,
                created_at, updated_at, CASE WHEN n % 2 = 0 THEN remind_at + n * interval '1 minute' END
            FROM booking, generate_series(1, 20000) n RETURNING id"""
    )
    await hall.database.pool.execute("ANALYZE booking")
    hall.clock.advance(NINE - timedelta(hours=24) - hall.clock.now())
    async with hall.database.session() as session:
        connection = await driver(session)
        explained = await connection.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + DUE, hall.clock.now(), 1000)
    [scan] = explained[0]["Plan"]["Plans"]
    assert (scan["Index Name"], scan["Actual Rows"], scan["Rows Removed by Filter"]) == ("booking_to_remind", 1, 0)
    assert await to_remind(hall.database, hall.clock) == [booked.id]


async def test_what_is_cancelled_is_not_reminded_of(hall: Hall) -> None:
    account = await hall.resident()
    booked = await hall.book(account, NINE)
    await hall.cancel(account, booked.id)
    await hall.work(NINE - timedelta(hours=20) - hall.clock.now())
    assert await reminders(hall) == []
