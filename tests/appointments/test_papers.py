"""What a service asks: in the office file, as answers that are checked, kept once, carried along, and forgotten."""

from typing import Any

import msgspec
import pytest

from flows.appointments.booking import Comer, confirm
from flows.appointments.booking_tables import Booking
from flows.appointments.errors import AnswerRefusedError, AnswersNeededError
from flows.appointments.finding import booking_of
from flows.appointments.office_reading import read_office_file
from flows.appointments.papers.keeping import check_answered, keep, papers_of
from flows.appointments.papers.questions import checked, missing, questions_of
from flows.appointments.persons import person_of
from tests.appointments.hall import OFFICE, SERVICE, Hall, on
from tests.appointments.lobby import COUNTERS, Lobby

NINE = on("12-01", "09:00")
QUESTIONS: list[dict[str, Any]] = [
    {"name": "former_name", "title_zh": "曾用名", "masked": True},
    {
        "name": "certificate",
        "title_zh": "证件",
        "kind": "choice",
        "choices": [{"value": "card", "title_zh": "身份证"}, {"value": "passport", "title_zh": "护照"}],
        "required_by": "confirm",
    },
    {"name": "divorced_on", "title_zh": "离婚日期", "kind": "date"},
    {"name": "photos", "title_zh": "需要照相", "kind": "yes_no", "required_by": "arrival"},
]
ASKING = {**SERVICE, "questions": QUESTIONS}


@pytest.fixture
async def asking(bare_hall: Hall) -> Hall:
    await bare_hall.build(ASKING)
    return bare_hall


async def book(hall: Hall, **answers: str) -> Booking:
    account = await hall.resident()
    held = await hall.hold(account, NINE)
    async with hall.database.session() as session:
        comer = Comer(f"account:{account}", account, [await person_of(session, account)], answers)
        return await confirm(hall.desk(), session, held, comer)


async def answers_of(hall: Hall, row: Booking) -> dict[str, str]:
    async with hall.database.session() as session:
        return (await papers_of(session, hall.keys.cipher, row.uid)).answers


async def test_what_is_needed_to_book_is_needed_then_and_the_rest_on_arrival(asking: Hall) -> None:
    with pytest.raises(AnswersNeededError) as refused:
        await book(asking, former_name="王")
    assert refused.value.questions == ["certificate"]
    assert await asking.ask("SELECT count(*) FROM booking") == [(0,)]
    row = await book(asking, certificate="card")
    async with asking.database.session() as session:
        with pytest.raises(AnswersNeededError) as refused:
            await check_answered(session, row, "arrival")
        assert refused.value.questions == ["photos"]
        assert await keep(session, asking.keys.cipher, row, {"photos": "no", "certificate": "card"}) == ["photos"]
        await check_answered(session, row, "arrival")


async def test_answers_are_sealed_and_go_along_when_the_time_is_moved(asking: Hall) -> None:
    row = await book(asking, certificate="passport", former_name="欧阳", divorced_on="2020-02-29")
    [(document,)] = await asking.ask("SELECT document FROM case_papers")
    assert b"passport" not in bytes(document)
    assert row.account_id is not None
    moved = await asking.confirm(
        row.account_id, await asking.hold(row.account_id, on("12-01", "10:00")), replaced=row.id
    )
    said = {"certificate": "passport", "former_name": "欧阳", "divorced_on": "2020-02-29"}
    assert await answers_of(asking, moved) == said
    async with asking.database.session() as session:
        again = await booking_of(session, moved.id, lock=True)
        assert await keep(session, asking.keys.cipher, again, {"former_name": " "}) == ["former_name"]
    assert await answers_of(asking, row) == {name: said[name] for name in ("certificate", "divorced_on")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("former_name", "a" * 501),
        ("former_name", "two\nlines"),
        ("former_name", "\x00"),
        ("certificate", "licence"),
        ("certificate", ""),
        ("divorced_on", "2021-02-29"),
        ("divorced_on", "20210228"),
        ("divorced_on", "2021-W08-7"),
        ("photos", "maybe"),
        ("id_number", "11010519491231002X"),
    ],
)
def test_what_is_no_answer_names_its_question(name: str, value: str) -> None:
    with pytest.raises(AnswerRefusedError, match=name) as refused:
        checked(questions_of(QUESTIONS), {name: value})
    assert refused.value.question == name
    assert refused.value.fix


def test_a_question_without_a_moment_is_never_missing() -> None:
    assert missing(questions_of(QUESTIONS), (), "confirm") == ["certificate"]
    assert missing(questions_of(QUESTIONS), ("photos",), "arrival") == ["certificate"]


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ({"name": "Former name", "title_zh": "曾用名"}, "/services/0/questions/0/name"),
        ({"name": "a", "title_zh": "甲", "kind": "choice"}, "/services/0/questions/0/choices"),
        (
            {"name": "a", "title_zh": "甲", "choices": [{"value": "b", "title_zh": "乙"}]},
            "/services/0/questions/0/choices",
        ),
        ({"name": "a", "title_zh": "甲", "kind": "number"}, "/services/0/questions/0/kind"),
        ({"name": "a", "title_zh": "甲", "required_by": "soon"}, "/services/0/questions/0/required_by"),
    ],
)
def test_a_file_says_which_question_is_wrong(question: dict[str, Any], at: str) -> None:
    _, found = read_office_file(msgspec.yaml.encode({"services": [{**SERVICE, "questions": [question]}]}))
    assert [each.pointer for each in found] == [at]


async def test_questions_are_loaded_once(asking: Hall) -> None:
    assert (await asking.load({"services": [ASKING]})).changes == []
    [change] = (await asking.load({"services": [{**SERVICE, "questions": QUESTIONS[:1]}]})).changes
    assert change.how == "changed: questions"


async def test_nobody_waits_in_a_hall_before_they_have_answered(bare_hall: Hall) -> None:
    await bare_hall.build(ASKING, offices=[{**OFFICE, "counters": list(COUNTERS)}])
    lobby, row = Lobby(bare_hall), await book(bare_hall, certificate="card")
    lobby.stand(on("12-01", "08:50"))
    with pytest.raises(AnswersNeededError, match="photos"):
        await lobby.come(row)
    async with bare_hall.database.session() as session:
        await keep(session, bare_hall.keys.cipher, await booking_of(session, row.id, lock=True), {"photos": "no"})
    assert (await lobby.come(row)).number == "A001"
