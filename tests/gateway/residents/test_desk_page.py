"""The desk's page in a real browser: a call is answered and booked, and the case is continued at a counter."""

import httpx
import pytest
from redis.asyncio import Redis

from tests.appointments.hall import OFFICE, WINDOW, Hall
from tests.browser import Browser
from tests.cli.operator import Operator
from tests.console.test_looking import FAULTS
from tests.gateway.conftest import City
from tests.gateway.halls.staff_of import key
from tests.gateway.residents.desks import ASKING, LI, registry, staff
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_appointment_case import booked
from tests.gateway.residents.test_appointments import EVERY_DAY, tomorrow

DAY = tomorrow("09:00")[:10]
SAID = "return document.getElementById('said').textContent"
FOUND = "return [document.getElementById('wanted').value, document.querySelectorAll('.choice [data-id]').length]"


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    return await registry(city, redis)


async def enter(window: Browser, origin: str, token: str, door: str) -> None:
    await window.open(f"{origin}/desk")
    await window.type("#credential", token)
    await window.click("#sign-in")
    await window.click(f"[data-door={door}]")
    await window.find("#wanted")


async def look_right(window: Browser) -> None:
    """Nothing is without a name, too pale or too wide, in the light and in the dark, on a desk and on a phone."""
    for scheme, width in (("light", 1280), ("dark", 360)):
        await window.scheme(scheme)
        await window.width(width)
        assert await window.run(FAULTS) == []
    await window.scheme("light")
    await window.width(1280)


async def test_a_call_is_booked_and_the_case_continued_at_a_counter(hall: Hall, origin: str, chromium: Browser) -> None:
    await enter(chromium, origin, await key(hall, "hotline"), "hotline")
    await chromium.type("#wanted", LI)
    await chromium.click("#find")
    await chromium.find("form", "没有找到预约")
    await chromium.click("#new")
    await chromium.click("#show-days")
    await chromium.type("#at", "西区登记处")
    await chromium.click(f"[data-day='{DAY}']")
    await chromium.click("[data-time]", "09:30")
    await chromium.find("form", "已为其保留")
    await chromium.type("#name", "李雷")
    await chromium.type("#phone", "13800138000")
    await look_right(chromium)
    await chromium.click("#q-certificate-card")
    await chromium.type("#q-former_name", "李三")
    await chromium.click("#confirm")
    await chromium.find("#said", "预约成功")
    code = await chromium.text("#code")
    await chromium.find(".state.confirmed")
    assert "*雷 · 1****************X · +86 138****8000" in await chromium.text(".facts")
    await chromium.click("#ring")
    await chromium.find("#number", "李雷 · +8613800138000")
    await look_right(chromium)
    assert await chromium.run("return document.querySelector('#q-former_name').value") == ""
    await chromium.click("#leave")

    await enter(chromium, origin, await key(hall, "clerk"), "hall")
    await chromium.type("#wanted", code.lower())
    await chromium.click("#find")
    await chromium.find("#missing", "需要照相")
    assert await chromium.run("return document.querySelector('#q-former_name').value") == "李三"
    await chromium.click("#q-photos-yes")
    await chromium.click("#save")
    await chromium.find("#said", "已保存")
    await chromium.gone("#missing")
    await chromium.type("#note", "带了照片")
    await chromium.click("#add-note")
    await chromium.find(".note", "带了照片")
    steps = await chromium.run(
        "return [...document.querySelectorAll('[data-event]')].map((each) => each.dataset.event)"
    )
    assert steps == ["confirm", "answer", "note"]
    await look_right(chromium)
    assert [each for each in await chromium.complaints() if "favicon" not in each] == []


async def test_who_comes_along_is_named_and_what_is_wrong_is_said(hall: Hall, origin: str, chromium: Browser) -> None:
    await hall.load({"services": [{**ASKING, "questions": [], "people": 2, "names_all": True}]})
    await enter(chromium, origin, await key(hall, "clerk"), "hall")
    await chromium.click("#new")
    await chromium.type("#id-number", LI)
    await chromium.click("#show-days")
    await chromium.click(f"[data-day='{DAY}']")
    await chromium.click("[data-time]", "09:30")
    await chromium.find(".needed", "同行人身份证号")
    for number, said in ((LI, "预约人本人的"), (LI[:-1], f"{LI[:-1]} 不完整")):
        await chromium.run("document.querySelector('#companions').value = ''")
        await chromium.type("#companions", number)
        await chromium.click("#confirm")
        await chromium.find(".failure", said)


async def test_a_right_to_book_again_is_seen_before_and_after_it_is_used(
    city: City, client: httpx.AsyncClient, hall: Hall, origin: str, chromium: Browser
) -> None:
    window = {**WINDOW, "schedules": [{**EVERY_DAY, "places": {"hotline": 1, "priority": 1}}]}
    offices = [{**OFFICE, "resources": [window]}, {**OFFICE, "code": "west", "closed": True}]
    await hall.load({"offices": offices})
    line = await staff(hall, client, "hotline")
    hold = await line.hold(tomorrow("09:00"), idNumber=LI)
    case = await line.done("/cases", hold=hold, idNumber=LI, answers={"certificate": "card"})
    assert not case["byRight"]
    await Operator(city.settings).done("appointments", "cancel", case["code"], "--reason", "停电")
    await enter(chromium, origin, await key(hall, "hotline"), "hotline")
    await chromium.click("#new")
    await chromium.type("#id-number", LI)
    await chromium.click("#show-days")
    await chromium.find("#only-office", OFFICE["name_zh"])
    await chromium.click(f"[data-day='{DAY}']")
    await chromium.click("[data-time]", "09:30")
    await chromium.find("#uses-right", "优先再约")
    await chromium.click("#q-certificate-card")
    await chromium.click("#confirm")
    await chromium.find("#said", "预约成功")
    await chromium.find("#by-right", "优先再约")


async def test_a_case_is_moved_and_cancelled_in_english(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    mine = await booked(await sign_in(city, phones, "wang"))
    await enter(chromium, origin, await key(hall, "clerk"), "hall")
    await chromium.click("#language")
    await chromium.type("#wanted", "NOTACODE")
    await chromium.click("#find")
    await chromium.find(".failure", "APPOINTMENT_UNKNOWN")
    await chromium.run("document.querySelector('#wanted').value = ''")
    await chromium.type("#wanted", mine["code"])
    await chromium.click("#find")
    await chromium.type("#note", "Rang twice")
    await chromium.click("#add-note")
    await chromium.find("#said", "Noted.")
    await chromium.click("#move")
    assert await chromium.run(SAID) == ""
    await chromium.click(f"[data-day='{DAY}']")
    await chromium.click("[data-time]", "11:00")
    await chromium.find("form", "is kept for them")
    await chromium.click("#confirm-move")
    await chromium.find("#said", "Moved.")
    await chromium.find("[data-event=move]", "11:00")
    await chromium.click("#cancel")
    await chromium.click("#sure")
    await chromium.find("#said", "Cancelled.")
    await chromium.find("[data-event=cancel]", "They asked for it")
    await chromium.click("#new")
    await chromium.find("#id-number")
    assert await chromium.run(FOUND) == ["", 0]  # nothing of who was there before
    assert await chromium.run(SAID) == ""
    await look_right(chromium)
