"""The draw of a release: recomputable by anybody, fair, and nobody comes before their turn."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from statistics import NormalDist

import msgspec
import pytest

from flows.appointments.draw.ranking import Draw, commitment_of, findings, ranked
from flows.appointments.draw.releases import (
    PACE,
    Release,
    check_turn,
    draw,
    join,
    joined,
    published,
    release_for,
    seed_of,
)
from flows.appointments.errors import DrawRefusedError
from tests.appointments.hall import OFFICE, SERVICE, Hall, on

OPENS = on("12-01", "09:00")  # releases 15 December
DRAWN = {**SERVICE, "draw_seconds": 30}


@pytest.fixture
async def drawn_hall(bare_hall: Hall) -> Hall:
    await bare_hall.build(DRAWN, offices=[OFFICE])
    bare_hall.clock.advance(OPENS - bare_hall.clock.now())
    return bare_hall


async def release(hall: Hall) -> Release:
    return release_for(await hall.wanted(), on("12-15", "10:00"))


async def come(hall: Hall, number: int) -> list[str]:
    of, accounts = await release(hall), await hall.residents(number)

    async def enter(account: object) -> str:
        async with hall.database.session() as session:
            return await join(session, hall.clock, hall.keys, of, account)  # type: ignore[arg-type]  # a UUID

    return [*await asyncio.gather(*(enter(each) for each in accounts))]


async def the_draw(hall: Hall) -> Draw:
    async with hall.database.session() as session:
        await draw(session, hall.clock, hall.keys, await release(hall))
    async with hall.database.session() as session:
        found = await published(session, hall.keys, (await release(hall)).id)
    assert found is not None
    return found


@pytest.mark.case("AP-07")
async def test_it_is_recomputed_from_what_is_published_alone(drawn_hall: Hall) -> None:
    entries = await come(drawn_hall, 40)
    before = await the_draw(drawn_hall)
    assert (before.seed, before.entries) == ("", [])
    drawn_hall.clock.advance(timedelta(seconds=30))
    after = await the_draw(drawn_hall)
    assert sorted(after.entries) == sorted(entries)
    assert await the_draw(drawn_hall) == after
    # From here on as somebody who knows the rule and nothing of our code.
    said = json.loads(msgspec.json.encode(after))
    assert hashlib.sha256(bytes.fromhex(said["seed"])).hexdigest() == before.commitment == said["commitment"]
    key = bytes.fromhex(said["seed"])
    order = sorted(entries, key=lambda entry: hmac.new(key, entry.encode(), hashlib.sha256).hexdigest())
    assert order == said["entries"]


@pytest.mark.case("AP-07")
def test_everybody_has_the_same_chance_of_every_rank() -> None:
    """Chi-square of an entry's rank among ten over 1,000 draws, and of each of the others'; p > 0.01."""
    entries, counts = [f"{number:032x}" for number in range(10)], [[0] * 10 for _ in range(10)]
    for number in range(1000):
        for rank, entry in enumerate(ranked(hashlib.sha256(b"%d" % number).digest(), entries)):
            counts[int(entry, 16)][rank] += 1
    statistic = sum((count - 100) ** 2 / 100 for row in counts for count in row)
    freedom = 9 * 9
    # Wilson and Hilferty: the cube root of chi-square over its freedom is nearly normal.
    deviation = (2 / (9 * freedom)) ** 0.5
    p = 1 - NormalDist(1 - 2 / (9 * freedom), deviation).cdf((statistic / freedom) ** (1 / 3))
    assert p > 0.01


async def test_to_join_often_is_to_join_once_and_nobody_joins_before_or_after(drawn_hall: Hall) -> None:
    hall, of = drawn_hall, await release(drawn_hall)
    account = await hall.resident()

    async def enter() -> str:
        async with hall.database.session() as session:
            return await join(session, hall.clock, hall.keys, of, account)

    assert len({*await asyncio.gather(*(enter() for _ in range(10)))}) == 1
    hall.clock.advance(timedelta(seconds=30))
    with pytest.raises(DrawRefusedError):
        await enter()
    drawn = await the_draw(hall)
    assert len(drawn.entries) == 1
    hall.clock.jump(-timedelta(seconds=31))  # another process, whose clock is behind: before it opens
    with pytest.raises(DrawRefusedError):
        await enter()
    hall.clock.jump(timedelta(seconds=20))  # within, but it was drawn by one whose clock is ahead
    with pytest.raises(DrawRefusedError):
        await enter()
    assert await the_draw(hall) == drawn


async def test_an_entry_tells_nobody_whose_it_is_and_differs_by_release(drawn_hall: Hall) -> None:
    of, account = await release(drawn_hall), await drawn_hall.resident()
    async with drawn_hall.database.session() as session:
        entry = await join(session, drawn_hall.clock, drawn_hall.keys, of, account)
        mine = await joined(session, drawn_hall.keys, of.id, account)
    assert mine is not None
    assert (mine.id, mine.rank) == (entry, None)
    assert account.hex not in entry
    assert seed_of(drawn_hall.keys, of.id) != seed_of(drawn_hall.keys, of.id + "x")


def test_a_turn_comes_by_rank_and_then_everybody_may() -> None:
    of = Release("a.1", "a", OPENS, OPENS + timedelta(seconds=30), entries=2 * PACE + 1)
    closes = of.closes_at
    check_turn(of, PACE, closes)
    check_turn(of, PACE + 1, closes + timedelta(seconds=1))
    for rank, at in ((PACE + 1, closes), (2 * PACE + 1, closes + timedelta(seconds=1)), (None, closes)):
        with pytest.raises(DrawRefusedError) as refused:
            check_turn(of, rank, at)
        assert refused.value.at is not None
        check_turn(of, rank, refused.value.at)
    nobody = Release("a.1", "a", OPENS, closes, entries=0)
    check_turn(nobody, None, nobody.free_at)
    with pytest.raises(DrawRefusedError):
        check_turn(Release("a.1", "a", OPENS, closes), 1, closes - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": "00" * 16}, "not the one that was committed"),
        ({"seed": "no"}, "no hexadecimal"),
        ({"seed": ""}, "not drawn yet"),
        ({"entries": ["b", "a", "c", "b"]}, "twice"),
    ],
)
def test_what_was_tampered_with_is_found(change: dict[str, object], said: str) -> None:
    seed = bytes(range(16))
    good = Draw(
        release="a.1", service="a", opens_at=OPENS, closes_at=OPENS, commitment=commitment_of(seed), seed=seed.hex(),
        entries=ranked(seed, ["a", "b", "c"]),
    )  # fmt: skip
    assert findings(good) == []
    assert any(said in each for each in findings(msgspec.structs.replace(good, **change)))
    assert findings(msgspec.structs.replace(good, entries=good.entries[::-1])) != []


async def test_of_a_release_that_nobody_has_joined_there_is_nothing(drawn_hall: Hall) -> None:
    drawn_hall.clock.advance(timedelta(seconds=31))
    of = await drawn_hall.desk().offered.drawn(await release(drawn_hall))
    assert of.entries == 0
    check_turn(of, None, drawn_hall.clock.now())
    assert await drawn_hall.ask("SELECT count(*) FROM appointment_release") == [(0,)]


async def test_who_asks_at_its_end_is_not_told_of_the_second_before(drawn_hall: Hall) -> None:
    await come(drawn_hall, 3)
    offered, of = drawn_hall.desk().offered, await release(drawn_hall)
    drawn_hall.clock.advance(timedelta(seconds=29))
    assert (await offered.drawn(of)).entries is None
    drawn_hall.clock.advance(timedelta(seconds=1))
    assert (await offered.drawn(of)).entries == 3
