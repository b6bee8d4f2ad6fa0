"""What a resident answers, sees of their case's history, takes along and has forgotten."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from tests.appointments.hall import OFFICE, WINDOW, Hall
from tests.appointments.test_papers import ASKING
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, ask, sign_in
from tests.gateway.residents.test_appointments import ALWAYS, EVERY_DAY, HOLD, MOVE, tomorrow

CONFIRM = """mutation ($hold: String!, $answers: [AppointmentAnswerInput!]! = []) {
  confirmAppointment(hold: $hold, answers: $answers) { id code answers { question value } } }"""
ANSWER = """mutation ($id: ID!, $answers: [AppointmentAnswerInput!]!) {
  answerAppointment(appointment: $id, answers: $answers) { id answers { question value } } }"""
HISTORY = """query ($id: ID!) { myAppointments { booking(id: $id) {
  answers { question value } history { event by byEn startsAt } } } }"""


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    made = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    made.clock.advance(SystemClock().now() - made.clock.now())
    window = {**WINDOW, "schedules": [{**EVERY_DAY, "places": {"public": 1, "hotline": 1, "counter": 1}}]}
    await made.build(ASKING, offices=[{**OFFICE, "resources": [window]}], calendar=ALWAYS)
    return made


def said(**answers: str) -> list[dict[str, str]]:
    return [{"question": name, "value": value} for name, value in answers.items()]


async def booked(who: Resident, at: str = "09:00", **answers: str) -> Any:
    hold = (await who.data(HOLD, at=tomorrow(at)))["hold"]
    return await who.data(CONFIRM, hold=hold, answers=said(certificate="card", **answers))


async def test_answers_are_given_now_or_later_and_each_step_says_its_door(
    city: City, phones: Phones, hall: Hall
) -> None:
    shown = await ask(city, "{ appointmentServices { questions { name titleZh kind requiredBy choices { value } } } }")
    [service] = shown["data"]["appointmentServices"]
    assert service["questions"][1] == {
        "name": "certificate", "titleZh": "证件", "kind": "choice", "requiredBy": "confirm",
        "choices": [{"value": "card"}, {"value": "passport"}],
    }  # fmt: skip
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    hold = (await who.data(HOLD, at=tomorrow("09:00")))["hold"]
    refused = await who.ask(CONFIRM, hold=hold)
    assert refused["errors"][0]["extensions"] == {"code": "APPOINTMENT_ANSWERS_NEEDED", "questions": ["certificate"]}
    refused = await who.ask(CONFIRM, hold=hold, answers=said(certificate="licence"))
    assert refused["errors"][0]["extensions"] == {"code": "APPOINTMENT_ANSWER_REFUSED", "question": "certificate"}
    row = await who.data(CONFIRM, hold=hold, answers=said(certificate="card"))
    assert row["answers"] == said(certificate="card")
    for _ in range(2):
        answered = await who.data(ANSWER, id=row["id"], answers=said(photos="yes", former_name="王小明"))
        assert answered["answers"] == said(former_name="王小明", certificate="card", photos="yes")
    assert await other.code(ANSWER, id=row["id"], answers=said(photos="yes")) == "APPOINTMENT_UNKNOWN"
    twice = said(photos="yes") + said(photos="no")
    assert await who.code(ANSWER, id=row["id"], answers=twice) == "APPOINTMENT_ANSWER_REFUSED"

    moved = await who.data(MOVE, id=row["id"], hold=(await who.data(HOLD, at=tomorrow("11:00")))["hold"])
    seen = (await who.data(HISTORY, id=moved["id"]))["booking"]
    assert seen["answers"] == answered["answers"]
    assert [each["event"] for each in seen["history"]] == ["confirm", "answer", "move"]
    assert {(each["by"], each["byEn"]) for each in seen["history"]} == {("本人（微信）", "the resident (WeChat)")}
    assert [each["startsAt"] and each["startsAt"][11:16] for each in seen["history"]] == ["01:00", None, "03:00"]


async def test_answers_are_taken_along_and_forgotten_with_the_account(city: City, phones: Phones, hall: Hall) -> None:
    who = await sign_in(city, phones, "wang")
    row = await booked(who, former_name="王小明")
    held = (await who.data("{ me { export } }"))["export"]["appointments"]
    answers = {"certificate": "card", "former_name": "王小明"}
    assert held["papers"] == [{"case_id": row["id"], "answers": answers}]
    assert await who.data("mutation { eraseAccount }") is True
    assert (await hall.booking(UUID(row["id"]))).state == "cancelled"
    assert await hall.ask("SELECT count(*) FROM case_papers") == [(0,)]
