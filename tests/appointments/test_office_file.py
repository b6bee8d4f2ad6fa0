"""The file of offices is read strictly: all of its defects are said."""

import msgspec
import pytest

from flows.appointments.calendar_entries import entry_of
from flows.appointments.finding import asked_of, booking_of
from flows.appointments.office_reading import read_office_file
from services_catalog.strict_file import located
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on


def test_two_defects_of_one_place_are_both_said() -> None:
    [hours] = WINDOW["schedules"]
    later = {**hours, "hours": "13:00-16:00"}
    window = {**WINDOW, "schedules": [hours, later, {**hours, "hours": "11:00-14:00"}]}
    _, found = read_office_file(msgspec.yaml.encode({"offices": [{**OFFICE, "resources": [window]}]}))
    assert [each.message[:22] for each in found] == ["it overlaps schedule 1", "it overlaps schedule 2"]


def test_a_list_that_is_there_twice_is_said_wherever_its_defects_were() -> None:
    text = b"services:\n  - {code: a, code: b}\n  - {code: c, code: d}\nservices: []\n"
    _, found = read_office_file(text)
    assert [each[::2] for each in located(text, found)] == [(1, ""), (2, "service 1"), (3, "service 2")]


def test_a_day_is_released_at_an_hour_that_it_has() -> None:
    _, found = read_office_file(msgspec.yaml.encode({"services": [{**SERVICE, "release": "24:00"}]}))
    assert [each.pointer for each in found] == ["/services/0/release"]


def test_counters_are_told_apart_and_have_short_codes() -> None:
    counters = [{"code": "1", "name_zh": "一号"}, {"code": "1", "name_zh": "又一号"}]
    _, found = read_office_file(msgspec.yaml.encode({"offices": [{**OFFICE, "counters": counters}]}))
    assert [each.pointer for each in found] == ["/offices/0/counters/1"]
    _, found = read_office_file(
        msgspec.yaml.encode({"offices": [{**OFFICE, "counters": [{**counters[0], "code": "一"}]}]})
    )
    assert [each.pointer for each in found] == ["/offices/0/counters/0/code"]


@pytest.mark.parametrize(
    ("documents", "wrong"),
    [
        ({"documents_zh": ["身份证"], "documents_en": ["ID card"]}, []),
        ({"documents": ["身份证"], "documents_en": ["ID card"]}, []),
        ({"documents_zh": ["身份证"], "documents_en": ["ID card", "Photo"]}, ["/services/0/documents_en"]),
        ({"documents_en": ["ID card"]}, ["/services/0/documents_en"]),
        ({"documents_zh": ["身份证"], "documents": ["照片"]}, ["/services/0/documents"]),
    ],
)
def test_what_to_bring_is_one_list_in_both_languages(documents: dict[str, list[str]], wrong: list[str]) -> None:
    _, found = read_office_file(msgspec.yaml.encode({"services": [SERVICE | documents]}))
    assert [each.pointer for each in found] == wrong


@pytest.mark.parametrize("name", ["documents_zh", "documents"])
async def test_what_older_files_have_people_bring_is_read_as_before(bare_hall: Hall, name: str) -> None:
    await bare_hall.build({**SERVICE, name: ["身份证", "照片"], "documents_en": ["ID card", "Photo"]})
    row = await bare_hall.book(await bare_hall.resident(), on("12-02", "09:00"))
    async with bare_hall.database.session() as session:
        of = await asked_of(session, await booking_of(session, row.id))
    assert (of.service.documents_zh, of.service.documents_en) == (["身份证", "照片"], ["ID card", "Photo"])
    said = entry_of(of, row, "https://city.example").description.splitlines()
    assert said[-2:] == ["请携带：身份证、照片", "Bring: ID card, Photo"]
