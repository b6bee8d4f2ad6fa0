"""Stickers: what a scan of one finds, how they are replaced, and who looks after them."""

import asyncio
import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.codes import patrol_dues, place_codes, places
from flows.codes.distance import Position, metres
from flows.codes.errors import PlaceRefusedError, PlaceUnknownError
from flows.codes.place_codes import KINDS, PlaceCode, PlaceKind, PlaceMacKey, Retired, Tampered, Valid
from flows.codes.place_tables import StaticCode
from flows.codes.places import Look, Standing
from flows.codes.sheets import Sticker, pages
from flows.codes.tasks import open_patrols
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys
from kernel.crypto.suite import GM, INTL
from kernel.database import Database
from tests.codes.mutants import bent

KEYS = {0: PlaceMacKey(INTL, b"k" * 32), 1: PlaceMacKey(GM, b"g" * 32), 255: PlaceMacKey(INTL, b"o" * 32, retired=True)}
BASE = "https://q.example.gov.cn"
OBJECTS = st.binary(min_size=8, max_size=8)
CODES = st.builds(PlaceCode, st.sampled_from(KINDS), OBJECTS, st.sampled_from([0, 1]))


@given(CODES)
def test_both_forms_say_the_same_in_any_case(code: PlaceCode) -> None:
    url = place_codes.payload(BASE, code, KEYS)
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", url)  # alphanumeric mode
    for scanned in (url, url.lower(), url.rpartition("/")[2].lower(), place_codes.scene_of(code, KEYS)):
        assert place_codes.read(scanned, KEYS, BASE) == Valid(code)


@pytest.mark.case("QR-12")
def test_a_hundred_thousand_scenes_are_short_plain_and_read_back() -> None:
    plain = re.compile(r"[A-Za-z0-9_-]{1,32}")
    for n in range(100_000):
        object_id = (n * 0x9E37_79B9_7F4A_7C15 % 2**64).to_bytes(8)
        code = PlaceCode(KINDS[n % 4], object_id, 0)
        scene = place_codes.scene_of(code, KEYS)
        assert plain.fullmatch(scene)
        assert place_codes.read(scene, KEYS) == Valid(code)


@given(CODES, st.data())
def test_nothing_of_a_code_may_change(code: PlaceCode, data: st.DataObject) -> None:
    for text in (place_codes.text_of(code, KEYS), place_codes.scene_of(code, KEYS)):
        at = data.draw(st.integers(0, len(text) - 1))
        put = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."))
        bent = text[:at] + put + text[at + 1 :]
        same = bent == text or ("." in text and bent.upper() == text)
        assert isinstance(place_codes.read(bent, KEYS), Tampered) != same


@given(st.text())
def test_whatever_is_scanned_has_an_answer(text: str) -> None:
    assert isinstance(place_codes.read(text, KEYS, BASE), Tampered)


def test_a_kind_a_key_and_a_domain_belong_to_the_code() -> None:
    bay = PlaceCode("bay", bytes(8), 0)
    url = place_codes.payload(BASE, bay, KEYS)
    assert isinstance(place_codes.read(url.replace("EXAMPLE", "EXAMP1E"), KEYS, BASE), Tampered)
    assert isinstance(place_codes.read(url, KEYS), Tampered)  # a URL, and nobody says what ours begin with
    assert isinstance(place_codes.read(url.replace("Q.", "Q.EVIL."), KEYS, BASE), Tampered)
    assert isinstance(place_codes.read(url.replace(".00.", ".01."), KEYS, BASE), Tampered)
    assert isinstance(
        place_codes.read(place_codes.payload(BASE, bay, {0: PlaceMacKey(INTL, b"x" * 32)}), KEYS, BASE), Tampered
    )
    old = PlaceCode("bay", bytes(8), 255)
    assert place_codes.read(place_codes.scene_of(old, KEYS), KEYS) == Retired(old)


class City:
    """Stickers in a database, each call a transaction."""

    def __init__(self, database: Database, clock: ManualClock, keys: Keys) -> None:
        self.database = database
        self.clock = clock
        self.cipher = keys.cipher

    async def add(self, reference: str = "bay:1", kind: PlaceKind = "bay", **more: Any) -> StaticCode:
        fields = {"name_zh": "人民广场 B1-023", "name_en": "B1-023", "street_zh": "人民大道", **more}
        row = StaticCode(
            object_id=b"", short_code="", kind=kind, reference=reference, kid=0, created_at=self.clock.now(), **fields
        )
        async with self.database.session() as session:
            return await places.register(session, self.clock, self.cipher, row)

    async def printed(self, row: StaticCode) -> str:
        async with self.database.session() as session:
            keys = await places.mac_keys(session, self.cipher)
        return place_codes.payload(BASE, PlaceCode(row.kind, row.object_id, row.kid), keys)

    async def scan(self, text: str, where: Position | None = None) -> Standing:
        async with self.database.session() as session:
            return await places.standing(session, self.cipher, text, where, base=BASE)

    async def dues(self) -> list[tuple[str, datetime]]:
        async with self.database.session() as session:
            return [(row.reference, item.due_at) for item, row in await patrol_dues.dues(session)]


@pytest.fixture
def city(database: Database, clock: ManualClock, keys: Keys) -> City:
    return City(database, clock, keys)


async def test_a_scan_is_valid_tampered_or_retired(city: City) -> None:
    row = await city.add()
    text = await city.printed(row)
    found = await city.scan(text)
    assert (found.answer, found.row and found.row.short_code) == ("valid", row.short_code)
    assert (await city.scan(bent(text))).answer == "tampered"
    async with city.database.session() as session:
        await places.retire(session, city.clock, row.short_code)
    assert (await city.scan(text)).answer == "retired"
    again = await city.add()  # another sticker for the same bay
    assert again.object_id != row.object_id
    assert (await city.scan(await city.printed(again))).answer == "valid"


async def test_a_new_key_retires_what_hangs_one_by_one(city: City) -> None:
    one, two = await city.add("bay:1"), await city.add("bay:2")
    old = [await city.printed(each) for each in (one, two)]
    async with city.database.session() as session:
        await places.new_key(session, city.clock, city.cipher, "gm")
        one = await places.rekey(session, city.clock, city.cipher, one.short_code)
    assert [(await city.scan(each)).answer for each in (*old, await city.printed(one))] == ["retired", "valid", "valid"]
    async with city.database.session() as session:
        await places.retire_key(session, city.clock, two.kid)
    assert (await city.scan(old[1])).answer == "retired"


async def test_a_code_that_hangs_elsewhere_is_warned_of(city: City) -> None:
    row = await city.add(latitude=31.2304, longitude=121.4737)
    text = await city.printed(row)
    for metres_away, is_far in ((100, False), (300, True)):
        where = Position(31.2304 + metres_away / 111_195, 121.4737)
        found = await city.scan(text, where)
        assert (found.answer, found.metres, found.is_far) == ("valid", metres_away, is_far)
    assert metres(Position(31.2304, 121.4737), Position(39.9042, 116.4074)) == pytest.approx(1_067_000, rel=0.005)


async def test_who_is_not_looked_at_is_overdue_after_thirty_days(city: City) -> None:
    rows = [await city.add(f"bay:{n}", latitude=31.0, longitude=121.0) for n in range(4)]
    rows.append(await city.add("gate:1", kind="gate"))  # which is to hang nobody knows where
    city.clock.advance(timedelta(days=29))
    near, far = Position(31.0, 121.0), Position(31.01, 121.0)
    async with city.database.session() as session:
        looks = [Look("a", where=near), Look("a", where=far), Look("a", "damaged", near), Look("a"), Look("a")]
        for row, look in zip(rows, looks, strict=True):
            await places.patrolled(session, city.clock, row, look)
    city.clock.advance(timedelta(days=1))
    async with city.database.session() as session:
        overdue = await places.listed(session, overdue_at=city.clock.now())
    assert [row.reference for row in overdue] == ["bay:1", "bay:2", "bay:3"]


async def test_what_is_overdue_is_a_work_item_until_a_patrol_has_seen_it_well(
    city: City, context: TaskContext, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [await city.add(f"bay:{n}", latitude=31.0, longitude=121.0) for n in range(3)]
    city.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    await open_patrols(context)
    assert await city.dues() == []
    city.clock.advance(timedelta(seconds=1))
    due_at = city.clock.now()
    for _ in range(2):  # again it is the same item
        await open_patrols(context)
        city.clock.advance(timedelta(hours=1))
    assert await city.dues() == [("bay:0", due_at), ("bay:1", due_at), ("bay:2", due_at)]
    assert [(each.new, each.open) for each in caplog.records if "patrol" in each.message] == [(3, 3)]  # type: ignore[attr-defined]  # logging's extra
    async with city.database.session() as session:
        await places.patrolled(session, city.clock, rows[0], Look("operator:a", where=Position(31.0, 121.0)))
        await places.patrolled(session, city.clock, rows[1], Look("operator:a", "damaged"))
        await places.retire(session, city.clock, rows[2].short_code)
    assert await city.dues() == [("bay:1", due_at)]
    states = "SELECT state, count(*) FROM patrol_due GROUP BY state ORDER BY state"
    assert [tuple(each) for each in await city.database.pool.fetch(states)] == [
        *[("open", 1), ("patrolled", 1), ("retired", 1)]
    ]
    city.clock.advance(timedelta(days=30))
    await open_patrols(context)
    assert [reference for reference, _ in await city.dues()] == ["bay:1", "bay:0"]  # the longest due first


async def test_a_scan_opens_the_key_of_its_code_alone(city: City) -> None:
    row = await city.add()
    async with city.database.session() as session:
        keys = await places.mac_keys(session, city.cipher)
        other = await places.new_key(session, city.clock, city.cipher)
    await city.database.pool.execute("UPDATE place_key SET secret = 'damaged' WHERE kid = $1", other.kid)
    code = PlaceCode(row.kind, row.object_id, row.kid)
    for text in (place_codes.payload(BASE, code, keys), place_codes.scene_of(code, keys)):
        assert (await city.scan(text)).answer == "valid"


async def test_a_report_counts_once_for_the_place_it_names(city: City) -> None:
    row = await city.add()
    forged = bent(await city.printed(row))
    text = forged.rpartition("/")[2]
    async with city.database.session() as session:
        for scanned, request in ((forged, "a"), (forged, "a"), (text, "b"), ("https://evil.example", "c")):
            await places.reported(session, city.clock, scanned, request)
    found = await city.database.pool.fetch("SELECT object_id FROM place_report WHERE object_id IS NOT NULL")
    assert [each["object_id"] for each in found] == [row.object_id] * 2


async def test_a_report_that_is_sent_twice_at_once_is_one(city: City) -> None:
    async def told() -> None:
        async with city.database.session() as session:
            await places.reported(session, city.clock, "https://evil.example", "one")

    await asyncio.gather(*(told() for _ in range(5)))
    assert await city.database.pool.fetchval("SELECT count(*) FROM place_report") == 1


@pytest.mark.parametrize(
    "wrong", [{"kind": "door"}, {"name_zh": " "}, {"latitude": 1.0}, {"latitude": 91.0, "longitude": 0.0}]
)
async def test_a_place_is_registered_whole(city: City, wrong: dict[str, Any]) -> None:
    with pytest.raises(PlaceRefusedError):
        await city.add(**wrong)


async def test_a_bay_has_one_code(city: City) -> None:
    await city.add()
    with pytest.raises(PlaceRefusedError, match="already"):
        await city.add()
    async with city.database.session() as session:
        with pytest.raises(PlaceUnknownError):
            await places.retire(session, city.clock, "AAAA-AAAA")


def test_a_sheet_has_the_picture_the_names_and_the_short_code() -> None:
    made = [Sticker(f"HTTPS://Q.EXAMPLE/P/{n}", f"<人民> {n}", "People's", f"ABCD-{n:04}") for n in range(13)]
    first, second = pages(made)
    root = ET.fromstring(first)  # noqa: S314 - our own
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["<人民> 0", "People's", "ABCD-0000"]
    assert (len(texts), second.count("<text")) == (36, 3)
