"""People are reminded once, so long before as the service says."""

from datetime import timedelta

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


async def test_what_is_cancelled_is_not_reminded_of(hall: Hall) -> None:
    account = await hall.resident()
    booked = await hall.book(account, NINE)
    await hall.cancel(account, booked.id)
    await hall.work(NINE - timedelta(hours=20) - hall.clock.now())
    assert await reminders(hall) == []
