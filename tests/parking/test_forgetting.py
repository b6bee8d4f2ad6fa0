"""What parking holds is deleted in its time, and what is left stays as it is."""

from datetime import timedelta
from uuid import UUID

from flows.parking.forgetting import QUOTES_KEPT, REFUSED_KEPT, STAYS_KEPT
from kernel.celery import app
from tests.parking.lots import Lot
from tests.payments.town import Hand

DAY = 24 * 60
OTHER, OWING, DENIED, NEAR = "沪B11111", "沪C22222", "沪D33333", "沪B11112"


async def forget(lot: Lot) -> None:
    await lot.work()
    hand = app.runtime
    assert isinstance(hand, Hand)
    app.tasks["parking.forget"].run()
    assert hand.work is not None
    await hand.work


async def counts(lot: Lot) -> dict[str, int]:
    names = ("event", "session", "quote", "payment", "refused_event")
    return {name: await lot.database.pool.fetchval(f"SELECT count(*) FROM parking_{name}") for name in names}  # noqa: S608 - ours


async def test_stays_go_when_they_are_long_over_and_owe_nothing(lot: Lot) -> None:
    paid = await lot.passes("enter", 0)
    lot.clock.advance(timedelta(minutes=30))
    await lot.paid(paid.session_id, await lot.account())
    await lot.passes("exit", 40)
    await lot.passes("enter", 50, OTHER)  # read as another plate at the exit
    await lot.passes("exit", 60, NEAR, opened=True)
    await lot.passes("deny", 61, DENIED)
    owing = await lot.passes("enter", 70, OWING)
    await lot.passes("exit", 200, OWING, opened=True, reason="fail_open")
    await lot.passes("enter", 210, OWING)
    await lot.passes("exit", 220, OWING)
    late = await lot.passes("enter", 380 * DAY)
    await lot.passes("exit", 380 * DAY + 10)
    await forget(lot)
    assert len(await lot.sessions()) == 5
    before = [row for row in await lot.shape() if str(row[0]) in (owing.session_id, late.session_id)]
    lot.clock.advance(STAYS_KEPT - timedelta(days=379))
    await forget(lot)
    assert [str(row.id) for row in await lot.sessions()][::2] == [owing.session_id, late.session_id]
    assert await counts(lot) == {"event": 6, "session": 3, "quote": 0, "payment": 0, "refused_event": 0}
    assert [row for row in await lot.shape() if str(row[0]) in (owing.session_id, late.session_id)] == before
    await lot.passes("enter", 402 * DAY)  # what was before it is not told of anew
    assert [row.review for row in await lot.sessions()] == [""] * 4
    async with lot.database.session() as session:
        row = await session.get_one(type((await lot.sessions())[0]), UUID(owing.session_id))
        row.written_off_at = lot.clock.now()
        session.add(row)
    await forget(lot)
    assert [str(row.id) for row in await lot.sessions()][:1] == [late.session_id]


async def test_quotes_and_what_was_refused_go_sooner(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(timedelta(minutes=30))
    await lot.quote(entered.session_id)
    await lot.send(b"no event")
    for after, quotes, refused in ((QUOTES_KEPT, 1, 1), (timedelta(minutes=6), 0, 1), (REFUSED_KEPT, 0, 0)):
        lot.clock.advance(after)
        await forget(lot)
        found = await counts(lot)
        assert (found["quote"], found["refused_event"]) == (quotes, refused)
    assert (await counts(lot))["event"] == 1
