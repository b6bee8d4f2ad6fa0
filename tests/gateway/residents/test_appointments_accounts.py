"""One tab, two residents: what one of them had begun and typed on the page of appointments is not the next one's."""

from adapters.sandbox.development import APPS
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.browser import Browser
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, agree, sign_in
from tests.gateway.residents.test_appointments import CONFIRM, EVERY_DAY, HOLD, hall, tomorrow
from tests.gateway.residents.test_appointments_page import SESSION_OVER, choose_day, opened
from tests.gateway.residents.test_proofs import PROVE

__all__ = ["hall"]

COMPANION = "[name=companion-2]"
TYPED = f"return document.querySelector('{COMPANION}').value"
NUMBER = "11010119900307"  # as much as was typed


async def hold(chromium: Browser, clock: str) -> None:
    """Hold a time for two."""
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", clock)
    await chromium.find(".when", clock)
    await chromium.find(COMPANION)


async def begin(chromium: Browser, address: str) -> None:
    """Hold a time for two, and type the companion's number."""
    await chromium.open(address)
    await chromium.click(".service", "结婚登记")
    await chromium.click(".stepper button[aria-label='增加一人']")
    await hold(chromium, "09:00")
    await chromium.type(COMPANION, NUMBER)


async def sign_in_again(chromium: Browser, code: str) -> None:
    await chromium.find("#dialog-title", "登录")
    await chromium.run("document.getElementById('app').value = document.getElementById('code').value = ''")
    await chromium.type("#app", APPS["wechat"])
    await chromium.type("#code", code)
    await chromium.click("dialog button.main")


async def test_what_one_has_begun_ends_when_another_signs_in_on_the_way(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await begin(chromium, opened(origin, phones))
    await chromium.run(f"document.querySelector('{COMPANION}').value = ''")
    await chromium.type(COMPANION, phones.person("li")["idNumber"])
    await chromium.run(SESSION_OVER)
    await chromium.click("button.main", "确认预约")
    await sign_in_again(chromium, phones.code("li"))
    await chromium.find("#mine", "您还没有预约")
    await chromium.find("#said", "另一个账号")
    await chromium.gone(COMPANION)
    assert await hall.ask("SELECT code FROM booking") == []
    await chromium.click(".service", "结婚登记")
    await chromium.click(".stepper button[aria-label='增加一人']")
    await hold(chromium, "10:00")
    assert await chromium.run(TYPED) == ""


async def test_the_same_one_goes_on(city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser) -> None:
    await begin(chromium, opened(origin, phones))
    await chromium.click("#language")
    await chromium.click("#language")
    await chromium.find("button.main", "确认预约")
    assert await chromium.run(TYPED) == NUMBER  # the view was made again
    await chromium.run(f"document.querySelector('{COMPANION}').value = ''")
    await chromium.run(SESSION_OVER)
    await chromium.click("button.main", "确认预约")
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.find("h1", "预约成功")


async def test_what_was_typed_goes_with_its_hold(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await begin(chromium, opened(origin, phones))
    await chromium.click("button", "放弃，另选时间")
    await chromium.find(".times button", "10:00")
    await hold(chromium, "10:00")
    assert await chromium.run(TYPED) == ""


async def test_who_is_not_known_to_the_page_is_not_signed_in(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    """They are asked for after the sign-in: if that answer is lost, the page has no right to show what it keeps."""
    await begin(chromium, opened(origin, phones))
    await chromium.run(f"document.querySelector('{COMPANION}').value = ''")
    await chromium.run(SESSION_OVER)
    await chromium.run("""window.online = fetch; window.fetch = (path, asked) =>
        String(asked?.body).includes("identities") ? Promise.reject(new TypeError("lost")) : online(path, asked);""")
    await chromium.click("button.main", "确认预约")
    await sign_in_again(chromium, phones.code("li"))
    await chromium.find("dialog .failure", "没有连上")
    await chromium.click("dialog button", "返回")
    await chromium.run("window.fetch = online")
    await chromium.click("button.main", "确认预约")
    await sign_in_again(chromium, phones.code("li"))
    await chromium.find("#mine", "您还没有预约")


async def test_the_same_people_come_at_another_time_instead(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    window = {**WINDOW, "schedules": [{**EVERY_DAY, "places": {"public": 2}}]}
    service = {**SERVICE, "people": 2, "most_active": 2}
    await hall.load({"services": [service], "offices": [{**OFFICE, "resources": [window]}]})
    other, number = await sign_in(city, phones, "li"), phones.person("li")["idNumber"]
    await agree(other, "real-name")
    await other.data(PROVE, **phones.person("li"))
    await other.data(CONFIRM, hold=(await other.data(HOLD, at=tomorrow("09:00")))["hold"])
    await begin(chromium, opened(origin, phones))
    await chromium.run(f"document.querySelector('{COMPANION}').value = ''")
    await chromium.type(COMPANION, number)
    await chromium.click("button.main", "确认预约")
    await chromium.click(".failure .times button", "09:30")
    await chromium.find(".when", "09:30")
    assert await chromium.run(TYPED) == number
