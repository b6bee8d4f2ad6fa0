"""The waitlist: what comes back is offered by rank, to each for a quarter of an hour, and never to two."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from redis.asyncio import Redis
from sqlalchemy.exc import IntegrityError

from auth.accounts.accounts import account_of
from auth.accounts.merging import merge
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.errors import ClashError, TakenError, UnknownBookingError, WaitlistRefusedError
from flows.appointments.finding import booking_of
from flows.appointments.loading import Loading
from flows.appointments.office_reading import read_office_file
from flows.appointments.waitlist import joining
from flows.appointments.waitlist.entries import ahead_of, entry_of
from flows.appointments.waitlist.extending import offering_new_hours
from flows.appointments.waitlist.joining import Wish
from flows.appointments.waitlist.offering import in_turn, offer_returned
from flows.appointments.waitlist.tables import WaitlistPerson
from flows.appointments.waitlist.wishes import Window
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on
from tests.appointments.waiting import ANY, accept, entry, give_up, join, leave, states, taken

NINE = on("12-01", "09:00")
QUARTER = timedelta(minutes=15)
MORNING = Window(date(2026, 12, 1), date(2026, 12, 1), 540, 600)


@pytest.fixture
async def full(bare_hall: Hall) -> Hall:
    """One window with one place of half an hour each, from nine to ten of the days to come."""
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 1}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


async def reload(hall: Hall, places: dict[str, int], hours: str = "09:00-10:00") -> None:
    """Load the file of offices with another window."""
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": hours, "places": places}]}
    read, _ = read_office_file(yaml.safe_dump({"offices": [{**OFFICE, "resources": [window]}]}).encode())
    assert read is not None
    async with hall.database.session() as session, offering_new_hours(session, hall.clock):
        await Loading(session, hall.clock, "operator:test").load(read)


@pytest.mark.case("AP-09")
async def test_offers_go_by_rank_lapse_after_a_quarter_and_nobody_else_sees_them(full: Hall) -> None:
    owner, first, second, third, stranger = await full.residents(5)
    booked = await full.book(owner, NINE)
    waiting = [await join(full, each, [MORNING]) for each in (first, second, third)]
    async with full.database.session() as session:
        assert [await ahead_of(session, await entry_of(session, each)) for each in waiting] == [0, 1, 2]
    await give_up(full, booked)
    for number, who in enumerate((first, second)):
        assert await states(full, *waiting[number:]) == ["offered", *["waitlisted"] * (2 - number)]
        assert (await entry(full, waiting[number])).starts_at == NINE
        assert await full.times() == ["09:30"]
        with pytest.raises(TakenError):
            await full.hold(stranger, NINE)
        await full.work(QUARTER - timedelta(milliseconds=1))
        assert await states(full, waiting[number]) == ["offered"]
        await full.work(timedelta(milliseconds=1))
        with pytest.raises(TakenError):
            await accept(full, who, waiting[number])
    assert await states(full, *waiting) == ["lapsed", "lapsed", "offered"]
    assert (await accept(full, third, waiting[2])).starts_at == NINE
    assert await states(full, waiting[2]) == ["confirmed"]
    assert await taken(full) == 1
    told = await full.ask("SELECT event, state FROM waitlist_event WHERE entry_id = :id ORDER BY id", id=waiting[2])
    assert told == [("join", "waitlisted"), ("offer", "offered"), ("confirm", "confirmed")]
    notices = await full.ask("SELECT about, account_id FROM appointment_notice WHERE kind = 'offer' ORDER BY id")
    assert notices == list(zip(waiting, (first, second, third), strict=True))


@pytest.mark.case("AP-09")
async def test_nobody_has_two_offers_however_many_lists_and_accounts(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照"}
    window = {**WINDOW, "skills": ["marriage", "passport"]}
    window["schedules"] = [{"days": ["tue"], "hours": "09:00-12:00", "places": {"public": 1}}]
    await hall.build(SERVICE, passport, offices=[{**OFFICE, "resources": [window]}])
    owners, one, other, next_one = await hall.residents(6), *await hall.residents(3)
    booked = [await hall.book(each, NINE + n * timedelta(minutes=30)) for n, each in enumerate(owners)]
    mine = [await join(hall, one), await join(hall, other, service="passport")]
    async with hall.database.session() as session:  # both accounts are one person's, as turns out later
        await merge(session, hall.clock, one, other, "test")
    theirs = await join(hall, next_one)
    for each in booked[:4]:
        assert each.account_id is not None
        await hall.cancel(each.account_id, each.id)
    await hall.work(timedelta(minutes=31))
    assert await states(hall, *mine, theirs) == ["offered", "waitlisted", "offered"]
    async with hall.database.session() as session:
        with pytest.raises(IntegrityError, match="waitlist_person_has_one_offer"):
            person = await hall.ask("SELECT person FROM waitlist_person WHERE offered AND entry_id = :id", id=mine[0])
            session.add(WaitlistPerson(entry_id=mine[1], person=person[0][0], offered=True))
            await session.flush()
        await session.rollback()
    await accept(hall, one, mine[0])
    await hall.work()
    assert len(await hall.times()) == 2  # nothing else came back


@pytest.mark.case("AP-09")
async def test_places_that_come_back_to_several_workers_at_once_are_offered_once_each(bare_hall: Hall) -> None:
    hall = bare_hall
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 4}}]}
    await hall.build(SERVICE, offices=[{**OFFICE, "resources": [window, {**window, "code": "w2"}]}])
    owners = await hall.residents(8)
    booked = [await hall.book(each, NINE + n % 2 * timedelta(minutes=30)) for n, each in enumerate(owners)]
    waiting = [await join(hall, each) for each in await hall.residents(7)]
    for account, each in zip(owners, booked, strict=True):
        await hall.cancel(account, each.id)

    async def come(number: int) -> None:
        async with hall.database.session() as session:
            deps = Deps(session, hall.clock)
            await in_turn(session)
            row = await booking_of(session, booked[number].id, lock=True)
            if await come_back(deps, row):
                await offer_returned(deps, row)

    await asyncio.gather(*(come(number % 5) for number in range(10)))
    assert await states(hall, *waiting) == ["offered"] * 5 + ["waitlisted"] * 2
    assert await taken(hall) == 3 + 5


async def test_an_offer_survives_redis_and_is_confirmed_once(full: Hall, redis: Redis) -> None:
    owner, one, stranger = await full.residents(3)
    booked = await full.book(owner, NINE)
    waits = await join(full, one)
    await give_up(full, booked)
    await redis.flushdb()
    with pytest.raises(TakenError):
        await full.hold(stranger, NINE)
    rows = await asyncio.gather(*(accept(full, one, waits) for _ in range(10)))
    assert len({each.id for each in rows}) == 1
    assert await taken(full) == 1
    await full.cancel(one, rows[0].id)
    await full.work(timedelta(minutes=31))
    assert await full.times() == ["09:00", "09:30"]


async def test_who_declines_has_the_next_served_and_nobody_waiting_frees_it_for_all(full: Hall) -> None:
    owner, one, other = await full.residents(3)
    booked = await full.book(owner, NINE)
    waiting = [await join(full, one), await join(full, other)]
    await give_up(full, booked)
    await leave(full, one, waiting[0])
    await leave(full, one, waiting[0])
    assert await full.times() == ["09:30"]  # until somebody has passed it on, it is nobody's
    await full.work()
    assert await states(full, *waiting) == ["left", "offered"]
    await leave(full, other, waiting[1])
    await full.work()
    assert (await full.times(), await taken(full)) == (["09:00", "09:30"], 0)
    await full.work()
    assert await taken(full) == 0
    with pytest.raises(UnknownBookingError):
        await leave(full, owner, waiting[1])


@pytest.mark.parametrize(
    ("window", "is_offered"),
    [
        pytest.param(Window(date(2026, 12, 1), date(2026, 12, 1), 540, 570), True, id="exactly"),
        pytest.param(Window(date(2026, 12, 1), date(2026, 12, 1), 540, 569), False, id="it lasts longer"),
        pytest.param(Window(date(2026, 12, 1), date(2026, 12, 1), 541, 1440), False, id="it begins before"),
        pytest.param(Window(date(2026, 12, 2), date(2026, 12, 30), 0, 1440), False, id="another day"),
        pytest.param(Window(date(2026, 12, 1), date(2026, 12, 30), 0, 1440, ("mon", "tue")), True, id="a weekday"),
        pytest.param(Window(date(2026, 12, 1), date(2026, 12, 30), 0, 1440, ("wed",)), False, id="another weekday"),
    ],
)
async def test_only_what_fits_a_window_is_offered(full: Hall, window: Window, *, is_offered: bool) -> None:
    owner, one = await full.residents(2)
    booked = await full.book(owner, NINE)
    waits = await join(full, one, [window])
    await give_up(full, booked)
    assert (await entry(full, waits)).state == ("offered" if is_offered else "waitlisted")
    assert await full.times() == (["09:30"] if is_offered else ["09:00", "09:30"])


async def test_whom_it_does_not_fit_is_passed_over_and_keeps_their_rank(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照", "level": "L3"}
    couple = {**SERVICE, "people": 2, "further_minutes": 30}
    window = {**WINDOW, "skills": ["marriage", "passport"]}
    window["schedules"] = [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 1}}]
    other_window = {**window, "code": "w2", "skills": ["passport"]}
    await hall.build(couple, passport, offices=[{**OFFICE, "resources": [window, other_window]}])
    owner, busy, pair, unsure, one = await hall.residents(5)
    booked = await hall.book(owner, NINE)
    await hall.book(busy, NINE, await hall.wanted(service="passport"))
    waiting = [
        await join(hall, busy, [MORNING]),
        await join(hall, pair, people=2),
        await join(hall, unsure, service="passport"),
        await join(hall, one),
    ]
    await give_up(hall, booked)
    assert await states(hall, *waiting) == ["waitlisted", "waitlisted", "waitlisted", "offered"]


async def test_who_books_otherwise_leaves_the_list_and_their_offer_goes_on(full: Hall) -> None:
    owner, one, other = await full.residents(3)
    booked = await full.book(owner, NINE)
    waiting = [await join(full, one), await join(full, other)]
    await give_up(full, booked)
    await full.book(one, NINE + timedelta(minutes=30))
    with pytest.raises(ClashError):
        await accept(full, one, waiting[0])
    by_right = "UPDATE booking_person SET ordinal = :ordinal WHERE active RETURNING ordinal"
    await full.ask(by_right, ordinal=-1)
    await full.work()
    assert await states(full, *waiting) == ["offered", "waitlisted"]
    await full.ask(by_right, ordinal=0)
    await full.work()
    assert await states(full, *waiting) == ["left", "offered"]
    with pytest.raises(WaitlistRefusedError, match="booked as often"):
        await join(full, one)


async def test_moving_to_what_is_offered(bare_hall: Hall) -> None:
    hall = bare_hall
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 1}}]}
    await hall.build({**SERVICE, "most_active": 2}, offices=[{**OFFICE, "resources": [window]}])
    owner, one = await hall.residents(2)
    booked, later = await hall.book(owner, NINE), await hall.book(one, NINE + timedelta(minutes=30))
    waits = await join(hall, one)
    await give_up(hall, booked)
    moved = await accept(hall, one, waits, later.id)
    assert (moved.starts_at, moved.replaces, (await hall.booking(later.id)).state) == (NINE, later.id, "rescheduled")
    await hall.work(timedelta(minutes=31))
    assert await taken(hall) == 1


async def test_an_offer_whose_hours_are_taken_away_is_not_confirmed_and_leaves_nothing(full: Hall) -> None:
    owner, one = await full.residents(2)
    booked = await full.book(owner, NINE)
    waits = await join(full, one)
    await give_up(full, booked)
    await full.load({"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01", "hours": []}]}]})
    with pytest.raises(TakenError):
        await accept(full, one, waits)
    await full.work(QUARTER)
    assert (await states(full, waits), await full.times(), await taken(full)) == (["lapsed"], [], 0)


async def test_hours_that_are_extended_are_offered_first(full: Hall) -> None:
    [*owners, one, other] = await full.residents(4)
    for number, each in enumerate(owners):
        await full.book(each, NINE + number * timedelta(minutes=30))
    waiting = [await join(full, one, [MORNING]), await join(full, other, [Window(ANY.first, ANY.first, 600, 720)])]
    await reload(full, {"public": 1}, hours="09:00-11:00")
    assert await states(full, *waiting) == ["waitlisted", "offered"]
    assert await full.times() == ["10:30"]


async def test_places_that_an_office_adds_and_other_channels_a_day_before_are_offered_first(full: Hall) -> None:
    owner, one, other = await full.residents(3)
    later = on("12-08", "09:00")
    await full.book(owner, later)
    morning = Window(later.date(), later.date(), 540, 570)
    waiting = [await join(full, each, [morning]) for each in (one, other)]
    await reload(full, {"public": 2, "hotline": 1})
    assert await states(full, *waiting) == ["offered", "waitlisted"]
    await accept(full, one, waiting[0])
    full.clock.advance(later - timedelta(days=1) - full.clock.now())
    await full.work()
    assert await states(full, *waiting) == ["confirmed", "offered"]


async def test_an_entry_ends_with_its_last_day(full: Hall) -> None:
    waits = await join(full, await full.resident(), [MORNING])
    await full.work(on("12-01", "23:59") - full.clock.now())
    assert await states(full, waits) == ["waitlisted"]
    await full.work(timedelta(minutes=1))
    assert await states(full, waits) == ["lapsed"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"windows": []}, "0 windows", id="no window"),
        pytest.param({"windows": [ANY] * 8}, "8 windows", id="too many"),
        pytest.param({"windows": [Window(ANY.last, ANY.first, 0, 60)]}, "before it begins", id="backwards"),
        pytest.param({"windows": [Window(ANY.first, ANY.last, 60, 60)]}, "before it begins", id="no hours"),
        pytest.param({"windows": [Window(date(2026, 1, 1), date(2026, 11, 29), 0, 60)]}, "ends on", id="over"),
        pytest.param({"windows": [Window(ANY.first, date(2027, 3, 1), 0, 60)]}, "ends on", id="too far"),
        pytest.param({"windows": [Window(ANY.first, ANY.last, 0, 60, ("working",))]}, "no weekday", id="weekday"),
        pytest.param({"offices": []}, "none, too many", id="no office"),
        pytest.param({"offices": ["hall", "hall"]}, "twice", id="twice"),
    ],
)
async def test_what_cannot_be_waited_for_is_refused(full: Hall, change: dict[str, Any], said: str) -> None:
    wish: dict[str, Any] = {"service": "marriage", "offices": ["hall"], "windows": [ANY]} | change
    async with full.database.session() as session:
        with pytest.raises(WaitlistRefusedError, match=said):
            await joining.join(Deps(session, full.clock), await full.resident(), Wish(**wish))


async def test_somebody_waits_once_for_a_service_and_for_three_at_most(bare_hall: Hall) -> None:
    hall = bare_hall
    others = [{**SERVICE, "code": f"service-{number}", "name_zh": f"{number}"} for number in range(3)]
    window = {**WINDOW, "skills": ["marriage", *(each["code"] for each in others)]}
    await hall.build(SERVICE, *others, offices=[{**OFFICE, "resources": [window]}])
    one = await hall.resident()
    first = await join(hall, one)
    assert {await join(hall, one), *await asyncio.gather(*(join(hall, one) for _ in range(5)))} == {first}
    with pytest.raises(WaitlistRefusedError, match="already"):
        await join(hall, one, [MORNING])
    for each in others[:2]:
        await join(hall, one, service=each["code"])
    with pytest.raises(WaitlistRefusedError, match="3 services"):
        await join(hall, one, service="service-2")


async def test_what_a_person_is_known_by_counts_when_it_is_offered(full: Hall) -> None:
    owner, one = await full.residents(2)
    booked = await full.book(owner, NINE)
    waits = await join(full, one)
    async with full.database.session() as session:
        account = await account_of(session, one)
        account.id_number_index = b"index of a number"
        session.add(account)
    await give_up(full, booked)
    persons = await full.ask("SELECT person FROM waitlist_person WHERE entry_id = :id AND offered", id=waits)
    assert (b"index of a number",) in persons
