"""An office whose times are in its department's own booking system: the example hospital's, which really runs."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from flows.appointments import cancelling, closing
from flows.appointments.deps import Deps
from flows.appointments.errors import SystemAwayError, TakenError, WrongStateError
from flows.appointments.finding import booking_of
from flows.appointments.loading import Loading
from flows.appointments.messages import SLOTS_ELSEWHERE
from flows.appointments.office_reading import read_office_file
from flows.appointments.systems.changing import change
from flows.appointments.systems.mirroring import resources_of
from flows.appointments.systems.polling import ask_at_once
from flows.appointments.systems.wire import AppointmentChange, Place, Told
from flows.appointments.waitlist import joining
from flows.appointments.waitlist.entries import entry_of, offer_of
from flows.appointments.waitlist.extending import offering_new_hours
from flows.appointments.waitlist.joining import Wish
from flows.appointments.waitlist.wishes import Window
from kernel.celery import TaskContext, app
from kernel.errors import YiwangError
from kernel.outbox import send
from tests.appointments.hall import OFFICE, SERVICE, on
from tests.appointments.hospital import EIGHT, Clinic
from tests.payments.town import Hand

CHECKUP = "hospital-clinic/checkup is no resource of this system in the file of offices, or closed"
QUARTER, LATER = on("12-02", "08:15"), on("12-03", "09:00")


async def test_its_times_are_found_held_confirmed_moved_and_cancelled_as_any_office_s(clinic: Clinic) -> None:
    one = await clinic.hall.resident()
    assert (await clinic.times())[:3] == ["08:00", "08:15", "08:30"]
    booked = await clinic.book(one)
    assert (booked.state, booked.system, clinic.slot().booked) == ("confirmed", "hospital", [booked.id])
    moved = await clinic.confirm(one, await clinic.hold(one, LATER), booked.id)
    await clinic.poll()
    assert (moved.uid, clinic.slot().booked, clinic.slot(LATER).booked) == (booked.id, [], [moved.id])
    await clinic.hall.cancel(one, moved.id)
    await clinic.poll()
    assert clinic.slot(LATER).booked == []
    assert set(clinic.registration.given_up) == {booked.id, moved.id}
    assert (await clinic.system()).findings == [CHECKUP]


async def test_what_changes_there_changes_here(clinic: Clinic) -> None:
    await clinic.patient()
    await clinic.counter("slots", {"resource": "vaccination", "starts": QUARTER, "closed": True})
    await clinic.counter("slots", {"resource": "vaccination", "starts": LATER, "capacity": 7})
    await clinic.poll()
    assert await clinic.slots() == [(2, 0, "open")]
    assert await clinic.slots(LATER) == [(7, 0, "open")]
    assert (await clinic.times())[:2] == ["08:00", "08:30"]


async def test_a_place_that_has_just_gone_there_is_taken_and_known_at_once(clinic: Clinic) -> None:
    one, other = await clinic.hall.residents(2)
    held = await clinic.hold(one)
    for _ in range(3):
        await clinic.patient()
    with pytest.raises(TakenError) as refused:
        await clinic.confirm(one, held)
    assert refused.value.next_free[0] == "2026-12-02T00:15:00Z"
    await clinic.hall.work()
    assert await clinic.slots() == [(0, 0, "open")]
    assert await clinic.hall.ask("SELECT count(*) FROM booking") == [(0,)]
    assert (await clinic.book(other, QUARTER)).state == "confirmed"
    await clinic.patient(expect=409)


async def test_their_cancelling_moving_and_missing_is_what_holds(clinic: Clinic) -> None:
    people = await clinic.hall.residents(4)
    cancelled, moved, came, missed = [await clinic.book(one, LATER if n else EIGHT) for n, one in enumerate(people[:4])]
    place = {"office": "hospital-clinic", "resource": "vaccination", "starts": QUARTER}
    for row, doing in (
        (cancelled, {"state": "cancelled", "reason": "the doctor\nis ill"}),
        (moved, {"state": "moved", "to": place}),
        (came, {"state": "arrived"}),
        (missed, {"state": "no_show"}),
    ):
        await clinic.counter(f"appointments/{row.id}", doing)
    cursor = (await clinic.system()).cursor
    for _ in range(2):  # whatever is told again is nothing new
        await clinic.hall.ask("UPDATE booking_system SET cursor = :cursor RETURNING code", cursor=cursor)
        await clinic.poll()
    rows = [await clinic.hall.booking(each.id) for each in (cancelled, moved, came, missed)]
    assert [each.state for each in rows] == ["office_cancelled", "confirmed", "done", "no_show"]
    assert (rows[1].starts_at, rows[1].sequence) == (QUARTER, 1)
    assert rows[1].remind_at == QUARTER - timedelta(days=1)
    assert await clinic.slots() == [(3, 0, "open")]
    assert await clinic.slots(QUARTER) == [(3, 1, "open")]
    assert await clinic.hall.ask(
        "SELECT event, count(*) FROM booking_event WHERE event <> 'confirm' GROUP BY event ORDER BY event"
    ) == [("fail", 1), ("finish", 1), ("move", 1), ("office_cancel", 1)]
    told = "SELECT kind, count(*) FROM appointment_notice WHERE kind <> 'reminder' GROUP BY kind ORDER BY kind"
    assert await clinic.hall.ask(told) == [("moved", 1), ("office_cancelled", 1)]
    assert (await clinic.system()).findings == [CHECKUP]
    await clinic.counter(f"appointments/{missed.id}", {"state": "arrived"})  # after all
    await clinic.poll()
    excused = "SELECT id FROM booking WHERE state = 'no_show' AND excused_at IS NOT NULL"
    assert await clinic.hall.ask(excused) == [(missed.id,)]


async def test_who_is_moved_there_to_where_they_cannot_be_is_elsewhere_until_it_is_decided(clinic: Clinic) -> None:
    hall, one = clinic.hall, await clinic.hall.resident()
    await hall.load({"services": [SERVICE], "offices": [OFFICE]})
    booked, other = await clinic.book(one), await hall.book(one, on("12-02", "09:00"))
    nine = on("12-02", "09:00")
    for to in (on("11-30", "09:00"), nine):
        place = {"office": "hospital-clinic", "resource": "vaccination", "starts": to}
        said = await _tell(clinic, booked.id, "moved", msgspec.convert(place, Place))
        assert said.endswith("which is over") is (to != nine)
    row = await hall.booking(booked.id)
    assert (row.state, row.starts_at) == ("conflict", nine)
    with pytest.raises(WrongStateError, match="something else at that time"):
        await _keep(clinic, booked.id)
    await hall.cancel(one, other.id)
    again = await hall.book(one, nine)
    await hall.cancel(one, again.id)
    await _keep(clinic, booked.id)
    with pytest.raises(YiwangError):
        await hall.book(one, nine)


async def test_who_is_moved_there_is_reminded_of_the_new_time_too(clinic: Clinic) -> None:
    booked = await clinic.book(await clinic.hall.resident())
    await clinic.hall.work(EIGHT - timedelta(hours=20) - clinic.hall.clock.now())
    [(later,)] = await clinic.hall.ask("SELECT max(starts_at) FROM appointment_slot")
    assert await _tell(clinic, booked.id, "moved", Place("hospital-clinic", "vaccination", later)) == ""
    await clinic.hall.work(later - timedelta(hours=20) - clinic.hall.clock.now())
    told = "SELECT starts_at FROM appointment_notice WHERE kind = 'reminder' ORDER BY starts_at"
    assert await clinic.hall.ask(told) == [(EIGHT,), (later,)]


@pytest.mark.parametrize(("said", "state", "rights"), [("arrived", "done", 0), ("no_show", "office_cancelled", 1)])
async def test_who_comes_to_a_conflict_was_served_and_who_does_not_is_no_no_show(
    clinic: Clinic, said: str, state: str, rights: int
) -> None:
    hall, nine = clinic.hall, on("12-02", "09:00")
    booked = await clinic.book(await hall.resident())
    await hall.ask("UPDATE appointment_slot SET status = 'closed' WHERE starts_at = :at RETURNING id", at=nine)
    assert await _tell(clinic, booked.id, "moved", Place("hospital-clinic", "vaccination", nine)) == ""
    assert (await hall.booking(booked.id)).state == "conflict"
    hall.clock.advance(nine - hall.clock.now())
    assert await _tell(clinic, booked.id, said) == ""
    await hall.work(timedelta(hours=13))
    assert (await hall.booking(booked.id)).state == state
    assert await hall.ask("SELECT count(*) FROM booking_right") == [(rights,)]


async def test_what_is_told_beside_a_load_waits_its_turn(clinic: Clinic) -> None:
    hall = clinic.hall
    system = {"code": "hospital", "department": "civil", "url": "http://another.test/booking"}
    slot = {"office": "hospital-clinic", "resource": "vaccination", "starts": EIGHT, "ends": QUARTER, "version": 99}
    said = msgspec.json.encode(slot | {"services": ["vaccination"], "capacity": 3, "taken": 1}).decode()
    async with hall.database.session() as session:
        send(session, hall.clock, SLOTS_ELSEWHERE, Told("hospital", (said,)))
    [(message,)] = await hall.ask("SELECT id FROM outbox WHERE task = :task", task=SLOTS_ELSEWHERE)
    app.runtime = hand = Hand(TaskContext(hall.settings, hall.database, hall.redis, hall.clock))
    app.tasks[SLOTS_ELSEWHERE].run(str(message))
    assert hand.work is not None
    async with hall.database.session() as session, offering_new_hours(session, hall.clock):
        following = asyncio.create_task(hand.work)
        await hall.until_waiting()
        read, _ = read_office_file(msgspec.json.encode({"systems": [system]}))
        assert read is not None
        await Loading(session, hall.clock, "operator:test").load(read)
    await following
    assert ((await clinic.system()).url, await clinic.slots()) == (system["url"], [(2, 0, "open")])


async def _tell(clinic: Clinic, booking_id: UUID, state: Any, to: Place | None = None) -> str:
    async with clinic.hall.database.session() as session:
        resources = await resources_of(session, "hospital")
        told = AppointmentChange(id=booking_id, state=state, to=to)
        return await change(Deps(session, clinic.hall.clock), "hospital", resources, told)


async def _keep(clinic: Clinic, booking_id: UUID) -> None:
    async with clinic.hall.database.session() as session:
        row = await booking_of(session, booking_id, lock=True)
        await cancelling.keep(Deps(session, clinic.hall.clock), row, "operator:test")


async def test_a_time_that_they_serve_no_more_strands_nobody(clinic: Clinic) -> None:
    booked = await clinic.book(await clinic.hall.resident())
    await clinic.counter("slots", {"resource": "vaccination", "starts": EIGHT, "closed": True})
    await clinic.poll()
    assert (await clinic.hall.booking(booked.id)).state == "conflict"
    assert await clinic.slots() == [(3, 1, "closed")]


async def test_a_day_that_its_office_closes_or_shortens_is_closed_whatever_the_system_says(clinic: Clinic) -> None:
    hall, day = clinic.hall, date(2026, 12, 2)
    booked = await clinic.book(await hall.resident())
    async with hall.database.session() as session:
        deps = Deps(session, hall.clock)
        office = await closing.office_of(session, "hospital-clinic")
        await closing.close(deps, office, day, "停电")
        [row] = await closing.to_cancel(deps, office, day)
        assert await closing.cancel_of(deps, row.id, "operator:test", "停电")
    assert await clinic.times() == []
    await clinic.load(exceptions=[{"day": "2026-12-02", "hours": ["08:00-08:45"]}])  # it is closed by the office
    await clinic.counter("slots", {"resource": "vaccination", "starts": QUARTER, "capacity": 7})
    await clinic.poll(timedelta(minutes=61))
    assert (clinic.slot().booked, await clinic.times()) == ([], [])
    assert (await hall.booking(booked.id)).state == "office_cancelled"
    await clinic.load(exceptions=[{"day": "2026-12-02", "withdrawn": True}])
    await clinic.poll()
    assert (await clinic.times())[:2] == ["08:00", "08:15"]
    await clinic.load(exceptions=[{"day": "2026-12-02", "hours": ["08:15-08:45"]}])
    await clinic.poll()
    assert await clinic.times() == ["08:15", "08:30"]


async def test_fewer_places_than_are_booked_is_full_and_nobody_s_loss(clinic: Clinic) -> None:
    rows = [await clinic.book(one) for one in await clinic.hall.residents(2)]
    await clinic.counter("slots", {"resource": "vaccination", "starts": EIGHT, "capacity": 1})
    await clinic.poll()
    assert await clinic.slots() == [(2, 2, "open")]
    assert "08:00" not in await clinic.times()
    await clinic.hall.cancel((await clinic.hall.booking(rows[0].id)).account_id, rows[0].id)  # type: ignore[arg-type]  # there is one
    await clinic.poll(timedelta(minutes=40))
    assert await clinic.slots() == [(1, 1, "open")]


async def test_what_they_may_have_booked_is_given_up_and_nothing_is_left_there(clinic: Clinic) -> None:
    one = await clinic.hall.resident()
    held = await clinic.hold(one)
    clinic.faults["PUT"] = ["lost"]
    with pytest.raises(SystemAwayError) as away:
        await clinic.confirm(one, held)
    assert away.value.retryable
    assert len(clinic.slot().booked) == 1
    assert await clinic.slots() == [(3, 0, "open")]
    clinic.faults["DELETE"] = ["503 "]
    await clinic.poll()
    assert len(clinic.slot().booked) == 1
    await clinic.poll(timedelta(minutes=1))
    assert clinic.slot().booked == []
    assert (await clinic.confirm(one, await clinic.hold(one))).state == "confirmed"


_NO_MESSAGES = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.task LIKE '%elsewhere')
        EXECUTE FUNCTION refuse()
"""


async def test_what_refused_is_what_is_said_and_undoing_it_is_not_lost(clinic: Clinic) -> None:
    """The database takes nothing just when the rollback is to be followed up."""
    one, other = await clinic.hall.residents(2)
    lost, gone = await clinic.hold(one), await clinic.hold(other, QUARTER)
    for _ in range(3):
        await clinic.patient(QUARTER)
    await clinic.hall.database.pool.execute(_NO_MESSAGES)
    clinic.faults["PUT"] = ["lost"]
    with pytest.raises(SystemAwayError):
        await clinic.confirm(one, lost)
    with pytest.raises(TakenError):
        await clinic.confirm(other, gone)
    await clinic.hall.database.pool.execute("DROP TRIGGER refuse ON outbox")
    async with asyncio.timeout(20):
        while await clinic.hall.ask("SELECT count(*) FROM outbox") != [(2,)]:
            await asyncio.sleep(0.1)
    assert (clinic.slot().booked, await clinic.slots(QUARTER)) != ([], [(0, 0, "open")])
    await clinic.hall.work(timedelta(minutes=1))
    assert (clinic.slot().booked, await clinic.slots(QUARTER)) == ([], [(0, 0, "open")])


async def test_what_stands_only_there_or_only_here_is_found_when_all_is_read(clinic: Clinic) -> None:
    one, other = await clinic.hall.residents(2)
    booked, lost = await clinic.book(one), await clinic.book(other)
    await clinic.hall.ask("DELETE FROM booking_event RETURNING id")
    await clinic.hall.ask("DELETE FROM booking WHERE id = :id RETURNING id", id=booked.id)
    clinic.registration.give_up(lost.id)
    await clinic.poll(timedelta(minutes=61))
    await clinic.poll(timedelta(minutes=2))
    assert booked.id in clinic.registration.given_up
    assert (await clinic.system()).findings == [f"slots: no `booked` has the appointment {lost.code}", CHECKUP]


async def test_a_system_that_is_down_is_refused_quickly_and_asked_again(clinic: Clinic) -> None:
    people = await clinic.hall.residents(5)
    held = [await clinic.hold(one, on("12-02", "09:00") + n * timedelta(minutes=15)) for n, one in enumerate(people)]
    clinic.faults["PUT"] = ["500 "] * 3
    for one, each in zip(people, held, strict=True):
        with pytest.raises(SystemAwayError):
            await clinic.confirm(one, each)
    assert clinic.faults["PUT"] == []
    assert await clinic.hall.ask("SELECT count(*) FROM outbox WHERE task = 'appointments.give_up_elsewhere'") == [(3,)]
    clinic.faults["GET"] = ["500 ", "500 "]
    await clinic.poll()
    first = await clinic.system()
    assert (first.failures, first.error.startswith("GET /changes answered 500")) == (1, True)
    await clinic.poll()
    assert clinic.faults["GET"] == ["500 "]  # it is left alone for a while
    await clinic.poll(timedelta(seconds=10))
    await clinic.poll(timedelta(minutes=1))
    assert (await clinic.system()).failures == 0
    await asyncio.sleep(1.1)  # what its breaker rests
    assert (await clinic.confirm(people[0], await clinic.hold(people[0]))).state == "confirmed"


_SLOT = (
    '{"office": "hospital-clinic", "resource": "vaccination", "services": ["vaccination"], "capacity": 5, '
    '"starts": "2026-12-02T08:00:00+08:00", "ends": "2026-12-02T08:15:00+08:00", "version": 99'
)
_BAD = [
    "not json",
    "[]",
    "{}",
    '{"changes": {}, "cursor": "a"}',
    '{"changes": [], "cursor": ""}',
    '{"changes": [], "cursor": "\\u0000"}',
    "[" * 100_000,
]
_BAD_CHANGES = [
    "1",
    "{}",
    '{"slot": %s}, "appointment": null}' % _SLOT.replace('"capacity": 5', '"capacity": -1'),  # noqa: UP031 - braces
    '{"slot": %s, "closed": "yes"}}' % _SLOT,  # noqa: UP031 - braces
    '{"slot": %s}}' % _SLOT.replace("08:15:00+08:00", "08:20:00+08:00"),  # noqa: UP031 - braces
    '{"slot": %s}}' % _SLOT.replace("hospital-clinic", "elsewhere"),  # noqa: UP031 - braces
    '{"slot": %s}}' % _SLOT.replace('["vaccination"]', '["marriage"]'),  # noqa: UP031 - braces
    '{"slot": %s}}' % _SLOT.replace("08:00:00+08:00", "08:00:00"),  # noqa: UP031 - braces
    '{"slot": %s}}' % _SLOT.replace(":00+08:00", ":30+08:00"),  # noqa: UP031 - braces
    '{"appointment": {"id": "00000000-0000-7000-8000-000000000000", "state": "cancelled"}}',
    '{"appointment": {"id": "00000000-0000-7000-8000-000000000000", "state": "moved"}}',
    '{"appointment": {"id": "x", "state": "cancelled"}}',
]


@pytest.mark.parametrize("body", _BAD)
async def test_an_answer_that_is_none_changes_nothing_and_is_seen(clinic: Clinic, body: str) -> None:
    before = await clinic.slots()
    clinic.faults["GET"] = [f"200 {body}"]
    await clinic.poll()
    row = await clinic.system()
    assert (row.failures, "answered what is not as described" in row.error) == (1, True)
    assert await clinic.slots() == before


async def test_of_changes_each_bad_one_is_a_finding_and_the_others_hold(clinic: Clinic) -> None:
    changes = ", ".join([*_BAD_CHANGES, f'{{"slot": {_SLOT}}}}}'])
    cursor = (await clinic.system()).cursor
    clinic.faults["GET"] = [f'200 {{"changes": [{changes}], "cursor": "{cursor}"}}']
    await clinic.poll()
    row = await clinic.system()
    assert (row.error, len(row.findings)) == ("", len(_BAD_CHANGES) + 1)
    assert await clinic.slots() == [(5, 0, "open")]


async def test_who_says_nothing_readable_to_a_booking_has_not_booked(clinic: Clinic) -> None:
    one = await clinic.hall.resident()
    clinic.faults["PUT"] = ["409 {", "410 []", '409 {"slots": [1]}']
    for _ in range(3):
        with pytest.raises(TakenError):
            await clinic.confirm(one, await clinic.hold(one))
    await clinic.hall.work()
    assert (await clinic.system()).findings[0].startswith("slots/0: ")
    clinic.faults["PUT"] = ["302 "]
    with pytest.raises(SystemAwayError):
        await clinic.confirm(one, await clinic.hold(one))


async def test_it_believes_nobody_but_the_platform(clinic: Clinic) -> None:
    client = clinic.doors._clients.of(await clinic.system())
    for identity in ("", "x.y.z", clinic.signer.header("other")):
        assert (await client.exchange("GET", "/changes?after=x", identity=identity)).status == 401


async def test_a_push_of_its_department_has_it_asked_by_the_next_round(clinic: Clinic) -> None:
    await clinic.patient()
    await clinic.poll(timedelta(seconds=1))
    assert await clinic.slots() == [(3, 0, "open")]
    async with clinic.hall.database.session() as session:
        assert not await ask_at_once(session, "hospital", "others")
        assert [await ask_at_once(session, "hospital", "civil") for _ in range(3)] == [True] * 3
    await clinic.poll(timedelta(0))
    assert await clinic.slots() == [(2, 0, "open")]


async def test_who_waits_is_offered_what_comes_free_there_before_anybody_sees_it(clinic: Clinic) -> None:
    hall, who = clinic.hall, await clinic.hall.resident()
    for _ in range(3):
        await clinic.patient()
    await clinic.poll()
    eight = Window(date(2026, 12, 2), date(2026, 12, 2), 480, 495)
    async with hall.database.session() as session:
        wish = Wish("vaccination", ["hospital-clinic"], [eight], 1)
        entry = await joining.join(Deps(session, hall.clock), who, wish)
    await clinic.counter("slots", {"resource": "vaccination", "starts": EIGHT, "capacity": 4})
    await clinic.poll()
    async with hall.database.session() as session:
        offer = offer_of(await entry_of(session, entry.id), str(who))
    assert (offer.starts_at, offer.system) == (EIGHT, "hospital")
    assert (await clinic.times())[0] == "08:15"
    booked = await clinic.confirm(who, offer)
    assert clinic.slot().booked == [booked.id]
    assert await clinic.slots() == [(1, 1, "open")]


async def test_what_somebody_holds_is_no_offer_when_the_system_tells_of_it_once_more(clinic: Clinic) -> None:
    hall = clinic.hall
    owner, waits, other = await hall.residents(3)
    await clinic.counter("slots", {"resource": "vaccination", "starts": EIGHT, "capacity": 2})
    await clinic.poll()
    await clinic.book(owner)
    await hall.ask("UPDATE appointment_slot SET quota = '{1,0,1,0}' WHERE starts_at = :at RETURNING id", at=EIGHT)
    eight = Window(date(2026, 12, 2), date(2026, 12, 2), 480, 495)
    async with hall.database.session() as session:
        wish = Wish("vaccination", ["hospital-clinic"], [eight], 1)
        entry = await joining.join(Deps(session, hall.clock), waits, wish)
    hall.clock.advance(EIGHT - timedelta(hours=20) - hall.clock.now())
    held = await clinic.hold(other)
    await clinic.poll(timedelta(seconds=5))
    async with hall.database.session() as session:
        assert (await entry_of(session, entry.id)).state == "waitlisted"
    assert (await clinic.confirm(other, held)).state == "confirmed"


async def test_at_two_doors_at_once_no_more_come_than_there_are_places(clinic: Clinic) -> None:
    await clinic.counter("slots", {"resource": "vaccination", "starts": EIGHT, "capacity": 20})
    await clinic.poll()
    people = await clinic.hall.residents(100)

    async def resident(account: Any) -> bool:
        try:
            await clinic.book(account)
        except (TakenError, SystemAwayError):
            return False
        return True

    async def patient() -> bool:
        try:
            await clinic.patient()
        except AssertionError:
            return False
        return True

    done = await asyncio.gather(*(each for one in people for each in (resident(one), patient())))
    ours, theirs = sum(done[::2]), sum(done[1::2])
    await clinic.poll()
    slot = clinic.slot()
    assert (ours, theirs, ours + theirs) == (len(slot.booked), slot.taken, 20)
    assert await clinic.slots() == [(ours, ours, "open")]
    assert await clinic.hall.ask("SELECT count(*) FROM booking WHERE state = 'confirmed'") == [(ours,)]


async def test_a_resource_goes_to_its_department_and_comes_back(clinic: Clinic) -> None:
    one = await clinic.hall.resident()
    booked = await clinic.book(one)
    schedules = [{"days": ["wed"], "hours": "08:00-08:30", "places": {"public": 1}}]
    own = {"code": "vaccination", "name_zh": "接种室", "slot_minutes": 15, "skills": ["vaccination"]}
    await clinic.load({**own, "schedules": schedules})
    assert await clinic.times() == ["08:15"]
    assert await clinic.slots() == [(1, 1, "open")]
    await clinic.poll()
    assert await clinic.slots() == [(1, 1, "open")]
    await clinic.load()
    await clinic.poll()
    assert await clinic.slots() == [(3, 1, "open")]
    assert (await clinic.hall.booking(booked.id)).state == "confirmed"
