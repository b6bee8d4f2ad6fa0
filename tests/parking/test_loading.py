"""A file that changes what a lot charges by: whoever has entered keeps what they entered under."""

from datetime import timedelta
from typing import Any

import pytest

from flows.gate.charging import Known, due_of
from flows.gate.terms import terms_of
from flows.parking.errors import OperatorFileError
from flows.parking.loading import Loading
from flows.parking.operator_file import FileHoliday, FileLot, FileOperator, FileTariff, OperatorFile
from flows.parking.site_reading import snapshot
from flows.parking.site_snapshot import SiteSession
from flows.parking.visits import Visit
from kernel.clock import CHINA
from kernel.rows import Change
from tests.parking.lots import NINE, PLATE, Lot
from tests.parking.tariffs import at

LOST, INSIDE = "沪B22222", "沪C33333"
TODAY = NINE.astimezone(CHINA).date()


def rate(fen: int, **whom: list[str]) -> dict[str, Any]:
    """So much an hour."""
    return {"bands": [{"name": "day", "begin": "00:00", "end": "24:00", "unit": {"minutes": 60, "fen": fen}}]} | whom


AREAS = FileTariff(
    code="areas",
    valid_from=at("01-01 00:00"),
    data={
        "rates": [
            rate(100, area_classes=["inner"], day_kinds=["working"]),
            rate(200, area_classes=["inner"], day_kinds=["rest", "holiday"]),
            rate(300, area_classes=["outer"]),
        ]
    },
)
BEFORE = {"tariff": "areas", "area_class": "inner", "no_entry": "minimum"}


async def loaded(lot: Lot, *holidays: FileHoliday, force: bool = False, **terms: Any) -> list[Change]:
    """Load a file with the lot as it is, but for these terms."""
    same = FileLot(
        code="1", kind="garage", name_zh="一号车库", latitude=31.2, longitude=121.4, spaces=100, **BEFORE | terms
    )
    operator = FileOperator(id="garages", name_zh="车库公司", tariffs=[AREAS], lots=[same])
    async with lot.database.session() as session:
        loading = Loading(session, lot.clock, "operator:test/1", force=force)
        return await loading.load(OperatorFile(operators=[operator], holidays=list(holidays)))


CHANGES = pytest.mark.parametrize(
    ("change", "fee"),
    [
        ({"tariff": "example"}, 1500),
        ({"area_class": "outer"}, 300),
        ({"holiday_region": "XJ"}, 200),
        ({"no_entry": "review"}, 100),
    ],
)


@pytest.mark.case("PK-10")
@CHANGES
async def test_whoever_has_entered_is_charged_as_before_and_the_next_as_the_file_says(
    lot: Lot, change: dict[str, Any], fee: int
) -> None:
    await loaded(lot, FileHoliday(day=TODAY, kind="holiday", region="XJ"))
    entered = await lot.passes("enter", 1)
    lot.clock.advance(timedelta(minutes=10))
    await lot.paid(entered.session_id, await lot.account())
    await lot.passes("exit", 60, opened=True)
    await lot.passes("exit", 61, LOST, opened=True)
    inside = await lot.passes("enter", 62, INSIDE)
    lot.clock.advance(timedelta(minutes=8))
    assert await loaded(lot, **change) == [Change("lot:garages/1", f"changed: {next(iter(change))}")]
    again = await lot.passes("enter", 80)
    await lot.passes("enter", 80, LOST)
    asked = await lot.passes("exit", 62 + 50, INSIDE)
    assert (asked.decision.due_fen, (await lot.quote(inside.session_id)).due_fen) == (100, 100)
    await lot.passes("exit", 62 + 55, INSIDE, opened=True)
    await lot.passes("exit", 80 + 50, opened=True)
    await lot.work()
    rows = await lot.sessions()
    assert [row.closing_fen for row in rows if str(row.id) != again.session_id] == [100, 100, 100, None]
    assert next(row.closing_fen for row in rows if str(row.id) == again.session_id) == fee
    assert await lot.ledger() == {"host": 100, "operator": -100}  # nothing went back


async def test_a_day_that_has_begun_stays_what_it_was(lot: Lot) -> None:
    today = FileHoliday(day=TODAY, kind="holiday")
    await loaded(lot)
    await loaded(lot, FileHoliday(day=TODAY, kind="working", source="as its weekday says"))
    await lot.passes("enter", 0)
    with pytest.raises(OperatorFileError, match=r"/holidays/0/kind: 2026-11-02 is charged as working already"):
        await loaded(lot, today)
    assert await loaded(lot, FileHoliday(day=TODAY + timedelta(days=1), kind="holiday"))
    assert await loaded(lot, FileHoliday(day=TODAY, kind="holiday", region="XJ"))  # nobody has parked there
    assert await loaded(lot, today, force=True)
    await lot.passes("exit", 50, opened=True)
    assert (await lot.one()).closing_fen == 200


async def test_a_stay_that_was_closed_or_is_part_of_another_is_none_of_a_later_day(lot: Lot) -> None:
    await loaded(lot)
    await lot.passes("enter", 0, LOST)
    await lot.passes("enter", 10)
    await lot.passes("enter", 9)  # heard late: the same entry
    await lot.passes("exit", 50, opened=True)
    before, after = (FileHoliday(day=TODAY + timedelta(days=day), kind="holiday") for day in (2, 4))
    await lot.work(timedelta(days=3))
    assert [(row.left_at is None, row.orphan_closed_at is None) for row in await lot.sessions()] == [
        (True, False), (False, True)
    ]  # fmt: skip
    with pytest.raises(OperatorFileError, match="is charged as working already"):
        await loaded(lot, before)
    lot.clock.advance(timedelta(days=1))
    assert await loaded(lot, after)


@pytest.mark.case("PK-10")
@CHANGES
async def test_a_box_charges_whoever_has_entered_as_before_and_the_next_as_the_file_says(
    lot: Lot, change: dict[str, Any], fee: int
) -> None:
    await loaded(lot, FileHoliday(day=TODAY, kind="holiday", region="XJ"))
    await lot.passes("enter", 0)
    lot.clock.advance(timedelta(minutes=10))
    await loaded(lot, **change)
    async with lot.database.session() as session:
        told = await snapshot(lot.deps(session), "box", "")
    terms, [inside] = terms_of(told), told.sessions

    def due(minutes: int, *, seen: bool = True, known: SiteSession | None = None) -> int | None:
        """Of who came then, or was seen at an exit first, 50 minutes later."""
        came = NINE + timedelta(minutes=minutes)
        visit = Visit(
            id=inside.id, credential=PLATE, color="blue", confidence=1000, vehicle_class="small", opened_at=came,
            entered_at=came if seen else None,
        )  # fmt: skip
        return due_of(visit, Known(who=inside.who, session=known), terms, came + timedelta(minutes=50)).fen

    assert (due(0, known=inside), due(9), due(9, seen=False)) == (100, 100, 100)
    assert (due(10), due(10, seen=False)) == (fee, None if "no_entry" in change else fee)
