"""Who answers: the lowest area that does, itself or by a department; and the area nearest to a point."""

from datetime import date
from random import Random

import pytest

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations.errors import FileRefusedError, NobodyResponsibleError, UnknownOrganisationError
from services_catalog.organisations.responsibility_file import read_responsibilities
from services_catalog.organisations.responsible import (
    Point,
    metres,
    nearest_area,
    responsible,
    set_responsibilities,
)
from services_catalog.organisations.tables import Responsibility
from tests.organisations.city import MONDAY, load_rows, row

pytestmark = pytest.mark.case("issue-4.1")
HELD = [("city", "all"), ("east", "parks"), ("health", "clinics"), ("east-health", "clinics"), ("town", "roads")]


@pytest.fixture
async def answering(city: Database) -> Database:
    async with city.session() as session:
        rows = [Responsibility(organisation=code, matter=matter) for code, matter in HELD]
        ended = Responsibility(organisation="village", matter="all", valid_to=MONDAY)
        await set_responsibilities(session, [*rows, ended])
    return city


async def test_the_lowest_one_answers(answering: Database) -> None:
    async with answering.session() as session:
        for place, matter, expected in (
            ("grid", "all", "city"),
            ("grid", "parks", "east"),
            ("grid", "clinics", "east-health"),
            ("west", "clinics", "health"),
            ("east-health", "clinics", "east-health"),
            ("town", "roads", "town"),
        ):
            assert (await responsible(session, MONDAY, place, matter)).code == expected


async def test_what_ended_answers_for_the_past_only(answering: Database) -> None:
    async with answering.session() as session:
        assert (await responsible(session, date(2026, 11, 29), "grid", "all")).code == "village"


async def test_nobody_answers_below_or_beside(answering: Database) -> None:
    async with answering.session() as session:
        for place, matter in (("west", "parks"), ("east", "roads"), ("city", "none")):
            with pytest.raises(NobodyResponsibleError):
                await responsible(session, MONDAY, place, matter)
        with pytest.raises(UnknownOrganisationError):
            await responsible(session, MONDAY, "nowhere", "all")


async def test_the_nearest_area_is_that_of_all_of_them(database: Database, clock: ManualClock) -> None:
    random = Random(7)  # noqa: S311 - repeatable, not secret
    points = {f"g{number}": (random.uniform(107, 109), random.uniform(58, 62)) for number in range(150)}
    rows = [
        row(code, tier="grid", kind="grid", longitude=str(east), latitude=str(north))
        for code, (east, north) in points.items()
    ]
    away = row("town", tier="town", kind="government", longitude="108", latitude="60")
    await load_rows(database, clock, [*rows, away])
    async with database.session() as session:
        for _ in range(40):
            asked = Point(random.uniform(106.5, 109.5), random.uniform(57, 63))
            expected = min(points, key=lambda code: metres(asked, Point(*points[code])))
            assert (await nearest_area(session, MONDAY, asked)).code == expected


async def test_a_file_of_responsibilities_says_what_is_wrong(city: Database) -> None:
    data = b"organisation,matter,valid_from,valid_to\nnowhere,a b,,\neast,x,2026-13-01,\neast,y,2026-01-02,2026-01-02\n"
    with pytest.raises(FileRefusedError) as raised:
        async with city.session() as session:
            await read_responsibilities(session, data)
    assert [(each.line, each.message) for each in raised.value.findings] == [
        (2, "'a b' is no matter"),
        (2, "There is no organisation 'nowhere'"),
        (3, "No day: month must be in 1..12"),
        (4, "valid_to is not after valid_from"),
    ]


def test_distances_are_those_of_the_sphere() -> None:
    assert metres(Point(0, 0), Point(0, 1)) == pytest.approx(111_195, abs=1)
    assert metres(Point(0, 60), Point(1, 60)) == pytest.approx(55_597, abs=2)
