"""One case across doors: begun on the phone, continued at a counter, asked about by hotline. One id, one history."""

import httpx
import pytest
from redis.asyncio import Redis

from tests.appointments.hall import Hall
from tests.gateway.conftest import City
from tests.gateway.residents.desks import registry, staff
from tests.gateway.residents.hosts import Phones, prove_face, sign_in
from tests.gateway.residents.test_appointment_case import CONFIRM, HISTORY, booked, said
from tests.gateway.residents.test_appointments import HOLD, tomorrow

pytestmark = pytest.mark.case("issue-6.one-case")


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    return await registry(city, redis)


async def test_begun_on_the_phone_continued_at_a_counter_asked_about_by_hotline(
    city: City, phones: Phones, hall: Hall, client: httpx.AsyncClient
) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    hold = (await who.data(HOLD, at=tomorrow("09:00")))["hold"]
    begun = await who.data(CONFIRM, hold=hold, answers=said(certificate="card", former_name="王小明"))

    clerk = await staff(hall, client, "clerk", "hall")
    [found] = (await clerk.done("/cases/find", code=begun["code"].lower()))["cases"]
    assert found["id"] == begun["id"]
    seen = await clerk.done(f"/cases/{found['id']}", "GET")
    person = phones.person("wang")
    assert (seen["who"]["name"][-1], seen["who"]["hasAccount"]) == (person["name"][-1], True)
    assert person["idNumber"] not in str(seen)
    assert {each["name"]: each["answer"] for each in seen["questions"]} == {
        "former_name": "王小明", "certificate": "card", "divorced_on": None, "photos": None,
    }  # fmt: skip
    assert seen["missing"] == ["photos"]
    seen = await clerk.done(f"/cases/{found['id']}/answers", answers={"photos": "yes"})
    assert (seen["id"], seen["missing"]) == (begun["id"], [])

    hotline = await staff(hall, client, "hotline")
    spelt = " ".join(begun["code"])
    [heard] = (await hotline.done("/cases/find", code=spelt))["cases"]
    told = await hotline.done(f"/cases/{heard['id']}", "GET")
    assert (told["id"], told["code"], told["state"]) == (begun["id"], begun["code"], "confirmed")
    assert told["startsAt"].startswith(tomorrow("09:00")[:10])
    assert {each["name"]: each["answer"] for each in told["questions"]} == {
        "former_name": "***", "certificate": "card", "divorced_on": None, "photos": "yes",
    }  # fmt: skip
    assert [(each["event"], each["by"]["zh"]) for each in told["history"]] == [
        ("confirm", "本人（微信）"),
        ("answer", "婚姻登记处柜台"),
    ]
    mine = (await who.data(HISTORY, id=begun["id"]))["booking"]
    assert [each["event"] for each in mine["history"]] == ["confirm", "answer"]
    assert mine["answers"] == said(former_name="王小明", certificate="card", photos="yes")
    assert "credential" not in str(mine)
    assert await hall.ask("SELECT count(*) FROM booking") == [(1,)]
    assert await hall.ask("SELECT count(*) FROM case_papers") == [(1,)]


PASS = """mutation { passCode(purpose: "check_in") { codes { text } } }"""


async def test_a_counter_finds_who_shows_their_pass_code(
    city: City, phones: Phones, hall: Hall, client: httpx.AsyncClient
) -> None:
    who = await sign_in(city, phones, "wang")
    mine = await booked(who)
    code = (await who.data(PASS))["codes"][0]["text"]
    clerk = await staff(hall, client, "clerk", "hall")
    assert [each["id"] for each in (await clerk.done("/cases/find", code=code))["cases"]] == [mine["id"]]
    hotline = await staff(hall, client, "hotline")
    assert await hotline.code("/cases/find", code=code) == (400, "BAD_REQUEST")
    assert await clerk.code("/cases/find", code="S:NOTACODE") == (422, "PASS_CODE_REFUSED")
