"""The page of appointments in a real browser: choose, hold, confirm, put into a calendar, move, cancel, be refused."""

from datetime import timedelta

import httpx
import pytest

from adapters.sandbox.development import APPS
from kernel.clock import CHINA, SystemClock
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.browser import Browser, browser
from tests.cli.operator import Operator
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, agree, sign_in
from tests.gateway.residents.test_appointments import CANCEL, CONFIRM, EVERY_DAY, HOLD, hall, tomorrow
from tests.gateway.residents.test_proofs import PROVE

__all__ = ["hall"]

TOGETHER = """mutation ($hold: String!, $other: String!) {
  confirmAppointment(hold: $hold, companions: [$other]) { id } }"""
WHY = {"name": "why", "title_zh": "为什么补办", "title_en": "Why", "kind": "text", "required_by": "confirm"}
NAMED = {
    "services": [{**SERVICE, "code": "named", "name_zh": "补证", "level": "L2", "questions": [WHY]}],
    "offices": [{**OFFICE, "resources": [{**WINDOW, "skills": ["named"]}]}],
}
ACCESS_OVER = "return import('/appointments-page/graph.js').then(({ tokens }) => { tokens.access += 'x'; })"
SESSION_OVER = ACCESS_OVER.replace("'x'", "'x'; tokens.refresh += 'x'")
_OFFERED = """
const [css] = arguments;
return [...document.querySelectorAll(css)].map((each) => each.textContent);
"""


def opened(origin: str, phones: Phones, resident: str = "wang") -> str:
    """The address by which a host app opens the page."""
    return f"{origin}/appointments#app={APPS['wechat']}&code={phones.code(resident)}"


async def choose_day(chromium: Browser, day: str) -> None:
    await chromium.click(f"[data-day='{day}']")
    await chromium.find(".times button", "09:00")


async def test_a_couple_books_moves_and_cancels(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.width(375)
    await chromium.stand(31.2, 121.41)
    await chromium.open(opened(origin, phones))
    await chromium.find("#mine", "您还没有预约")
    await chromium.click(".service", "结婚登记")
    await chromium.click(".stepper button[aria-label='增加一人']")
    await chromium.find(".stepper output", "2 人")
    await chromium.click("#near")
    await chromium.find(".office", "951 米")
    day = tomorrow("09:00")[:10]
    assert await chromium.text(f"[data-day='{day}'] small:last-child") == "5"
    await choose_day(chromium, day)
    await chromium.click(".times button", "09:30")
    await chromium.find("#remaining", "剩余 4:")
    await chromium.run("location.reload()")
    await chromium.find("#remaining", "剩余 4:")
    await chromium.find("form .quiet", "算作他们的")
    await chromium.type("[name=companion-2]", phones.person("li")["idNumber"])
    await chromium.click("button.main", "确认预约")
    await chromium.find("#dialog-title", "登录")  # a reload forgets who is here, and nothing else
    await chromium.type("#app", APPS["wechat"])
    await chromium.type("#code", phones.code("wang"))
    await chromium.click("dialog button.main")
    await chromium.find("h1", "预约成功")
    [[code]] = await hall.ask("SELECT code FROM booking")
    await chromium.find(".code strong", code)
    assert await chromium.run("return document.querySelector('.appointment .phone').href") == "tel:019012345001"

    await chromium.run(
        "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return 'data:,'; }"
    )
    await chromium.click(".appointment button", "加入日历")
    while not (saved := await chromium.run("return window.saved || ''")):
        pass
    assert saved.startswith("BEGIN:VCALENDAR")

    await chromium.click("button", "完成")
    await chromium.click("#mine button", "改期")
    await chromium.find(".notice", code)
    await chromium.click(f"[data-day='{day}']")
    await chromium.click(".times button", "11:00")
    await chromium.click("button.main", "确认改期")
    await chromium.find("h1", "改期成功")
    await chromium.find(".when", "11:00")
    await chromium.click("#language")
    await chromium.click("button", "Done")
    await chromium.click("summary", "Former")
    await chromium.find(".former", "moved")
    await chromium.click("#mine button", "Cancel")
    await chromium.click("button.grave", "Yes, cancel it")
    await chromium.find("#said", "The appointment is cancelled")
    await chromium.find("#mine", "no appointments yet")
    assert await chromium.run("return document.documentElement.scrollWidth <= innerWidth")
    assert await chromium.complaints() == []


@pytest.mark.parametrize("said", [("zh-CN", "这个登录 code 不对"), ("en", "That code is wrong")])
async def test_a_wrong_sign_in_code_is_explained_in_their_language(
    city: City, phones: Phones, hall: Hall, origin: str, said: tuple[str, str]
) -> None:
    language, words = said
    async with browser(language) as window:
        await window.open(f"{origin}/appointments")
        await window.click("#sign-in button")
        await window.type("#app", APPS["wechat"])
        await window.type("#code", "guessed")
        await window.click("dialog button.main")
        await window.find("dialog .failure", words)
        await window.run("document.getElementById('code').value = ''")
        await window.type("#code", phones.code("wang"))
        await window.click("dialog button.main")
        await window.find("#mine")


async def test_who_comes_along_sees_it_and_may_leave(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    bring = {"documents_zh": ["身份证"], "documents_en": ["ID card"]}
    await hall.load({"services": [{**SERVICE, **bring, "people": 2, "names_all": True}]})
    who = await sign_in(city, phones, "wang")
    other = await sign_in(city, phones, "li")
    await agree(other, "real-name")
    await other.data(PROVE, **phones.person("li"))
    held = (await who.data(HOLD, at=tomorrow("09:00"), people=2))["hold"]
    await who.data(TOGETHER, hold=held, other=phones.person("li")["idNumber"])
    await chromium.width(375)
    await chromium.open(opened(origin, phones, "li"))
    await chromium.click(".service", "结婚登记")
    await chromium.find(".stepper output", "2 人")  # all of them are to come
    await chromium.find(".bring", "身份证")
    await chromium.click("#language")
    await chromium.find(".bring", "ID card")
    await chromium.click("#language")
    await chromium.click("#back")
    await chromium.find("[data-along=confirmed] .when", "09:00")
    await chromium.click("[data-along] button", "我不去了")
    await chromium.click("[data-along] button.grave", "确定不去")
    await chromium.gone("[data-along]")


async def test_whose_number_will_not_do_is_said(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await hall.load({"services": [{**SERVICE, "people": 3, "names_all": True}]})
    who = await sign_in(city, phones, "wang")
    await agree(who, "real-name")
    await who.data(PROVE, **phones.person("wang"))
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await chromium.find("[aria-label='增加一人'][aria-disabled=true]")
    await chromium.click("[aria-label='减少一人']")
    await chromium.click("[aria-label='减少一人']")
    await chromium.find("[aria-label='减少一人'][aria-disabled=true]")
    for _ in range(2):
        await chromium.click("[aria-label='增加一人'][aria-disabled=false]")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:00")
    await chromium.find("[name=companion-3]")
    li, wang = phones.person("li")["idNumber"], phones.person("wang")["idNumber"]
    wrong = li[:-1] + ("1" if li[-1] != "1" else "2")
    for second, third, said in (
        (li, li[:-1], "第 3 位的身份证号不完整"),
        (wrong, li, "第 2 位的身份证号不完整"),
        (li, li, "第 3 位的身份证号和前面的相同"),
        (li, wang, "有一个是您自己的身份证号"),
    ):
        for n, number in ((2, second), (3, third)):
            await chromium.run(f"document.querySelector('[name=companion-{n}]').value = ''")
            await chromium.type(f"[name=companion-{n}]", number)
        await chromium.click("button.main", "确认预约")
        await chromium.find(".failure", said)
        assert await chromium.run("return document.querySelectorAll('.failure').length") == 1


async def test_what_a_service_asks_is_answered_while_booking(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    asked = {"name": "photos", "title_zh": "是否拍照", "title_en": "Photos", "kind": "yes_no", "required_by": "confirm"}
    await hall.load({"services": [{**SERVICE, "questions": [asked]}]})
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:00")
    await chromium.find("[name=question-photos]")
    await chromium.run("document.querySelector('[name=question-photos]').value = 'yes'")
    await chromium.click("button.main", "确认预约")
    await chromium.find("h1", "预约成功")


async def test_what_is_taken_offers_the_next_times(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await choose_day(chromium, tomorrow("09:00")[:10])
    other = await sign_in(city, phones, "li")
    await other.data(CONFIRM, hold=(await other.data(HOLD, at=tomorrow("09:00")))["hold"])
    await chromium.click(".chosen .times button", "09:00")
    await chromium.find(".failure", "这个时间刚被约走了")
    assert [each[-5:] for each in await chromium.run(_OFFERED, ".failure .times button")] == ["09:30", "10:00", "10:30"]
    await chromium.click(".failure .times button", "10:00")
    await chromium.find("#remaining", "剩余 4:")
    await chromium.click("button", "放弃，另选时间")
    await chromium.find(".times button", "10:00")


async def test_who_is_not_known_proves_who_they_are_on_the_way(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await hall.load(NAMED)
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "补证")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:00")
    await chromium.find("dialog", "只接受实名预约")
    person = phones.person("wang")
    await chromium.type("#name", phones.person("li")["name"])
    await chromium.type("#id-number", person["idNumber"])
    await chromium.click("dialog button.main")
    await chromium.find("dialog .failure", "姓名和身份证号对不上")
    await chromium.run("document.getElementById('name').value = ''")
    await chromium.type("#name", person["name"])
    await chromium.click("dialog button.main")
    await chromium.find("#remaining", "剩余 4:")


async def test_whose_access_token_is_over_goes_on_with_what_they_did(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    """Proving who one is gives no new refresh token: the former one goes on. Without any, they sign in again."""
    await hall.load(NAMED)
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "补证")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:00")
    person = phones.person("wang")
    await chromium.type("#name", person["name"])
    await chromium.type("#id-number", person["idNumber"])
    await chromium.click("dialog button.main")
    await chromium.find("#remaining", "剩余 4:")
    await chromium.run(ACCESS_OVER)
    await chromium.click("#back")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:30")
    await chromium.find(".when", "09:30")
    assert await chromium.run("return document.querySelector('dialog')") is None  # nobody was asked

    await chromium.type("[name=question-why]", "丢了")
    await chromium.run(SESSION_OVER)
    await chromium.click("button.main", "确认预约")
    await chromium.find("#dialog-title", "登录")
    await chromium.type("#app", " ")
    await chromium.type("#code", phones.code("wang"))
    await chromium.click("dialog button.main")
    await chromium.find("h1", "预约成功")
    await chromium.run(SESSION_OVER)
    await chromium.click("button", "完成")
    await chromium.click("dialog button", "返回")
    await chromium.click("button", "再试一次")
    await chromium.find("#sign-in")
    await chromium.find(".service", "补证")


async def test_a_database_that_is_away_signs_nobody_out(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.open(opened(origin, phones))
    await chromium.find("#mine")
    await chromium.run(ACCESS_OVER)
    me = """return import('/appointments-page/graph.js').then(({ ask }) =>
        ask('{ me { identities { id } } }').then(({ me }) => me.identities.length, ({ code }) => code))"""
    execute = city.gateway.database.pool.execute
    await execute("ALTER TABLE refresh_token RENAME TO away")
    assert await chromium.run(me) == "INTERNAL_ERROR"
    await execute("ALTER TABLE away RENAME TO refresh_token")
    assert await chromium.run(me) == 1


async def test_who_watches_is_told_that_their_sign_in_is_over(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.open(opened(origin, phones))
    await chromium.find("#mine")
    await chromium.run(SESSION_OVER)
    seen = await chromium.run("""return import('/appointments-page/graph.js').then(async ({ follow }) => {
        const seen = [];
        const watched = 'subscription { appointmentQueue(appointment: "1") { number } }';
        await follow(watched, {}, (each) => seen.push(each), new AbortController().signal);
        return seen;
    })""")
    assert seen == [{"errors": [{"message": "", "extensions": {"code": "SIGN_IN_NEEDED"}}]}]


async def test_what_is_kept_for_one_account_is_not_shown_to_the_next_one_in_the_same_tab(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "09:00")
    await chromium.find("#remaining")
    for resident, css in (("wang", "#remaining"), ("li", "#mine")):
        await chromium.open("about:blank")
        await chromium.open(opened(origin, phones, resident))
        await chromium.find(css)
    assert await chromium.run(_OFFERED, "button.wide") == []  # such as "go on booking"


@pytest.mark.parametrize("name", ["nothing.js", "console.js"])
async def test_other_files_are_not_served(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/appointments-page/{name}")
    assert (answer.status_code, answer.json()["error"]["fix"]) == (404, "Open /appointments.")


async def test_who_would_wait_for_what_is_free_books_it(
    phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await chromium.click("#waitlist summary")
    await chromium.click("#waitlist button.main", "加入候补")
    await chromium.find(".failure", "婚姻登记处 · 还有这些时间：")
    await chromium.click(".failure .times button")
    await chromium.find("button.main", "确认预约")


async def test_where_nothing_is_free_they_wait_and_take_what_is_offered(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    hours = {"days": ["working"], "hours": "09:00-09:30", "places": {"public": 1}, "valid_from": tomorrow("09:00")[:10]}
    service, window = {**SERVICE, "days": 2, "release": "00:00"}, {**WINDOW, "schedules": [hours]}
    await hall.load({"services": [service], "offices": [{**OFFICE, "resources": [window]}]})
    other = await sign_in(city, phones, "li")
    one = await other.data(CONFIRM, hold=(await other.data(HOLD, at=tomorrow("09:00")))["hold"])
    await chromium.width(375)
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "结婚登记")
    await chromium.find("#offices", "没有空位")
    await chromium.click("#waitlist summary")
    for pixels in (292, 320, 360, 390, 375):
        await chromium.width(pixels)
        assert await chromium.run("return document.documentElement.scrollWidth") <= pixels
    await chromium.click("#waitlist button.main", "加入候补")
    await chromium.find("[data-entry=waitlisted]", "候补第一位")
    await other.data(CANCEL, id=one["id"])
    await hall.work(timedelta(minutes=31))
    await chromium.run("location.reload()")
    await chromium.click("#sign-in button")
    await chromium.type("#app", APPS["wechat"])
    await chromium.type("#code", phones.code("wang"))
    await chromium.click("dialog button.main")
    await chromium.click("[data-entry=offered] button", "去确认")
    await chromium.click("button.main", "确认预约")
    await chromium.find("h1", "预约成功")


async def test_a_day_that_is_drawn_is_joined_and_chosen_from_in_its_turn(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    await chromium.width(375)
    await chromium.open(opened(origin, phones))
    await chromium.find("#mine")
    now = SystemClock().now().astimezone(CHINA)
    lasts = now.second + 15  # from the beginning of this minute, at which the day is released
    drawn = {**SERVICE, "code": "drawn", "name_zh": "抽签事项", "draw_seconds": lasts, "release": f"{now:%H:%M}"}
    window = {**WINDOW, "skills": ["drawn"], "schedules": [{**EVERY_DAY, "places": {"public": 5}}]}
    await hall.load({"services": [drawn], "offices": [{**OFFICE, "resources": [window]}]})
    await chromium.run("location.reload()")
    await chromium.click(".service", "抽签事项")
    await choose_day(chromium, (now.date() + timedelta(days=14)).isoformat())
    await chromium.click(".times button", "09:00")
    await chromium.type("#app", APPS["wechat"])
    await chromium.type("#code", phones.code("wang"))
    await chromium.click("dialog button.main")
    await chromium.click("#draw button", "参加抽签")
    await chromium.find("#draw", "已参加抽签")
    await chromium.click(".times button", "09:00")  # shown again when it is their turn
    await chromium.find("#remaining", "剩余 4:")


async def test_who_would_wait_for_a_day_that_is_drawn_joins_its_draw(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    now = SystemClock().now().astimezone(CHINA)
    drawn = {**SERVICE, "code": "drawn", "name_zh": "抽签事项", "draw_seconds": 600, "release": f"{now:%H:%M}"}
    window = {**WINDOW, "skills": ["drawn"], "schedules": [EVERY_DAY]}
    await hall.load({"services": [drawn], "offices": [{**OFFICE, "resources": [window]}]})
    await chromium.open(opened(origin, phones))
    await chromium.click(".service", "抽签事项")
    await chromium.click("#waitlist summary")
    day = (now.date() + timedelta(days=14)).isoformat()
    await chromium.run("document.querySelector('#waitlist [type=date]').value = arguments[0]", day)
    await chromium.click("#waitlist button.main", "加入候补")
    await chromium.click(".failure .times button", "09:00")
    await chromium.find("#offices h3", "婚姻登记处")
    await chromium.click("#draw button", "参加抽签")
    await chromium.find("#draw", "已参加抽签")


async def test_whom_the_office_has_cancelled_books_before_others(
    city: City, phones: Phones, hall: Hall, origin: str, chromium: Browser
) -> None:
    window = {**WINDOW, "schedules": [{**EVERY_DAY, "places": {"public": 1, "priority": 1}}]}
    await hall.load({"services": [SERVICE], "offices": [{**OFFICE, "resources": [window]}]})
    who, other = [await sign_in(city, phones, each) for each in ("wang", "li")]
    one = await who.data(CONFIRM, hold=(await who.data(HOLD, at=tomorrow("09:00")))["hold"])
    await other.data(CONFIRM, hold=(await other.data(HOLD, at=tomorrow("10:00")))["hold"])
    await Operator(city.settings).done("appointments", "cancel", one["code"], "--reason", "停电")
    await chromium.width(375)
    await chromium.open(opened(origin, phones))
    await chromium.click("[data-right=marriage] button", "优先预约")
    await choose_day(chromium, tomorrow("09:00")[:10])
    await chromium.click(".times button", "10:00")  # which others see no more
    await chromium.click("button.main", "确认预约")
    await chromium.find("h1", "预约成功")
    await chromium.click("button", "完成")
    await chromium.find("#mine .when", "10:00")
    await chromium.gone("[data-right]")
