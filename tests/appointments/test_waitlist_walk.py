"""The waitlist through events in any order: no place is lost or sold twice, and whoever waited longer comes first."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import ManualClock
from kernel.database import driver
from kernel.errors import YiwangError
from tests.appointments.hall import OFFICE, SERVICE, TEN, WINDOW, Hall, on
from tests.appointments.waiting import accept, entry, join, leave, taken

WALK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each begins anew
PEOPLE = range(4)
BEGIN = [("book", 0), ("book", 1), ("join", 2), ("join", 3)]
STEPS = st.one_of(
    st.tuples(st.sampled_from(["book", "join", "leave", "cancel", "accept"]), st.sampled_from(PEOPLE)),
    st.tuples(st.just("give up"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 15])),
    st.tuples(st.just("forget"), st.just(0)),
)
# Of each slot, who has its place: bookings until they have given it back, and entries until they have or are bookings.
OWNED = """
    SELECT s.taken, s.capacity, (SELECT count(*) FROM booking b WHERE s.id = ANY (b.slot_ids) AND b.returned_at IS NULL)
        + (SELECT count(*) FROM waitlist_entry e
           WHERE s.id = ANY (e.slot_ids) AND e.returned_at IS NULL AND e.booking_id IS NULL)
    FROM appointment_slot s WHERE s.starts_at < '2026-12-02'
"""
# Of who is offered something, those who joined earlier, wait still, and have nothing booked.
PASSED_OVER = """
    SELECT e.id, earlier.id FROM waitlist_entry e JOIN waitlist_entry earlier ON earlier.joined_at < e.joined_at
    WHERE e.state = 'offered' AND earlier.state = 'waitlisted'
        AND NOT EXISTS (SELECT 1 FROM booking b WHERE b.account_id = earlier.account_id AND b.state = 'confirmed')
"""
RESET = """
    DELETE FROM waitlist_entry; DELETE FROM booking; DELETE FROM outbox;
    UPDATE appointment_slot SET taken = 0, used = '{0,0,0,0}'
"""


@pytest.fixture
async def small(bare_hall: Hall) -> Hall:
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 1}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


class Walk:
    """Four people and two places."""

    def __init__(self, hall: Hall, accounts: list[UUID]) -> None:
        self.hall, self.accounts = hall, accounts
        self.booked, self.waiting = dict[int, UUID](), dict[int, UUID]()

    async def step(self, what: str, number: int) -> None:
        hall, account = self.hall, self.accounts[number % len(PEOPLE)]
        if what == "wait":
            await hall.work(timedelta(minutes=number))
        elif what == "forget":
            await hall.redis.flushdb()
        elif what == "book":
            self.booked[number] = (await hall.book(account, on("12-01", f"09:{number % 2 * 30:02}"))).id
        elif what == "join":
            self.waiting[number] = await join(hall, account)
        elif what == "leave" and number in self.waiting:
            await leave(hall, account, self.waiting[number])
        elif what == "accept":
            for who, waits in self.waiting.items():  # whoever has an offer
                if (await entry(hall, waits)).state == "offered":
                    self.booked[who] = (await accept(hall, self.accounts[who], waits)).id
        elif what in ("cancel", "give up") and number in self.booked:
            await hall.cancel(account, self.booked.pop(number))
            await hall.work(timedelta(minutes=31 if what == "give up" else 0))

    async def check(self, before: set[UUID]) -> set[UUID]:
        for is_taken, capacity, owned in await self.hall.ask(OWNED):
            assert is_taken == owned <= capacity
        passed_over = await self.hall.ask(PASSED_OVER)
        assert {offered for offered, _ in passed_over} <= before
        return {each for (each,) in await self.hall.ask("SELECT id FROM waitlist_entry WHERE state = 'offered'")}


@pytest.mark.case("AP-09")
@WALK
@given(steps=st.lists(STEPS, min_size=10, max_size=25))
async def test_in_any_order_no_place_is_lost_and_ranks_hold(small: Hall, steps: list[tuple[str, int]]) -> None:
    async with small.database.session() as session:
        await (await driver(session)).execute(RESET)
    await small.redis.flushdb()
    small.clock = ManualClock(TEN)
    walk, offered = Walk(small, await small.residents(len(PEOPLE))), set[UUID]()
    for what, number in BEGIN + steps:
        try:
            await walk.step(what, number)
        except YiwangError:
            continue
        finally:
            offered = await walk.check(offered)
    for number in PEOPLE:
        for what in ("leave", "cancel"):
            try:
                await walk.step(what, number)
            except YiwangError:
                continue
    await small.work(timedelta(minutes=31))
    await small.work()
    assert await taken(small) == 0
