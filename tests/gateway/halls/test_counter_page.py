"""A counter's page in a real browser: a clerk's work, what is refused, lost answers, a lost link."""

from datetime import timedelta

import pytest

from auth.credentials import key_id_of
from gateway.app import Gateway
from tests.appointments.hall import on
from tests.appointments.lobby import Lobby
from tests.browser import Browser
from tests.console.test_looking import FAULTS
from tests.gateway.halls.staff_of import Staff
from tests.gateway.halls.windows import sign_in, stoppable

pytestmark = pytest.mark.case("issue-6.counter-page")
LOSE = """
const real = window.fetch;
window.lost = 0;
window.fetch = async (path, sent) => {
  if (sent?.method !== "POST" || window.lost++) return real(path, sent);
  await real(path, sent);
  throw new TypeError("the answer is lost");
};
"""
COVERED = """
const [id] = arguments;
const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
return document.elementFromPoint(x + width / 2, y + height / 2)?.id !== id;
"""
NUMBERS = "return [...document.querySelectorAll('.line [data-number]')].map((each) => each.dataset.number)"


async def at_counter(window: Browser, url: str, clerk: Staff, counter: str = "1") -> None:
    await window.open(f"{url}/hall")
    await sign_in(window, clerk.token)
    await window.click(f"[data-choice='{counter}']")
    await window.click("#open")
    await window.find("#call")


async def test_a_clerk_calls_serves_and_sends_on(lobby: Lobby, clerk: Staff, url: str, chromium: Browser) -> None:
    await at_counter(chromium, url, clerk)
    await lobby.take_many(3)
    await chromium.find("#next", "A001")
    await chromium.run("const call = document.getElementById('call'); call.click(); call.click();")
    await chromium.find("#number", "A001")
    assert await chromium.run("return document.activeElement.id") == "serve"  # the keyboard goes on from there
    await chromium.find("#recall[aria-disabled=true]", "秒后")
    await chromium.run("document.getElementById('recall').click()")  # too soon: nothing is sent
    lobby.clock.advance(timedelta(seconds=60))
    await lobby.press("recall")  # the page is told of it, and of the platform's time, with its next word
    await chromium.find(".state-line", "第 2 次呼叫")
    await chromium.click("#serve")
    await chromium.find(".state.serving")
    await chromium.click("#transfer")
    await chromium.find(".said", "A001 已转到其他事项")
    await chromium.click("#call", "叫下一位")
    await chromium.find("#number", "A001")  # who came first is first in the other line as well
    await chromium.click("#serve")
    await chromium.click("#finish")
    await chromium.find(".said", "A001 已办结")
    await chromium.click("#call")
    await chromium.find("#number", "A002")
    await chromium.click("#skip-ticket")
    await chromium.click("[id^=requeue-]")
    await chromium.find(".said", "A002 已重新排队")
    assert await chromium.run(NUMBERS) == ["A003", "A002"]
    await chromium.click("[id^=call-]")
    await chromium.find("#number", "A003")
    await chromium.click("[id^=leave-]")
    await chromium.click("[id^=leave-]", "确定")
    await chromium.find(".said", "A002 已离开")
    assert (await lobby.view()).waiting == []
    await chromium.click("#change")
    await chromium.find("[data-choice='1']", "已开窗")
    await chromium.click("[data-choice='2']", "未开窗")
    await chromium.find("#open")
    await chromium.click("#language")
    await chromium.find("#open", "Open counter")
    assert await chromium.complaints() == []


async def test_a_scanner_types_wherever_the_focus_is(lobby: Lobby, clerk: Staff, url: str, chromium: Browser) -> None:
    row = await lobby.hall.book(await lobby.hall.resident(), on("12-01", "09:00"))
    lobby.stand(on("12-01", "08:50"))
    await at_counter(chromium, url, clerk)
    await chromium.click("#priority")
    await chromium.click("#take-passport")
    await chromium.find(".said", "新号 B001")
    assert not await chromium.run("return document.getElementById('priority').checked")
    await chromium.find(".mark.priority")
    await chromium.run("document.getElementById('call').focus()")
    await chromium.keys(f"{row.code}\ue007")  # Enter, at the end, presses no button
    await chromium.find(".said", "A001 已签到")
    await chromium.find("#call")
    assert await chromium.run(NUMBERS) == ["B001", "A001"]
    await chromium.find(".mark", "预约 09:00")
    await chromium.type("#code", "WRONG\ue007")
    await chromium.find(".failure", "没有找到相应的预约")
    await chromium.find(".failure", "APPOINTMENT_UNKNOWN")
    assert await chromium.run("return document.getElementById('code').value") == ""


@pytest.mark.parametrize("said", [("zh", "太早：08:30 起可以签到"), ("en", "they can check in from 08:30 on")])
async def test_who_comes_too_early_is_told_from_when_on(
    lobby: Lobby, clerk: Staff, url: str, chromium: Browser, said: tuple[str, str]
) -> None:
    language, words = said
    row = await lobby.hall.book(await lobby.hall.resident(), on("12-01", "09:00"))
    lobby.stand(on("12-01", "08:10"))
    await chromium.open(f"{url}/hall")
    await chromium.run("localStorage.setItem('yiwang.language', arguments[0])", language)
    await at_counter(chromium, url, clerk)
    await chromium.type("#code", f"{row.code}\ue007")
    await chromium.find(".failure", words)
    shown = await chromium.text(".failure")
    assert ("check in" in shown) == (language == "en")


async def test_what_another_has_done_is_shown_and_nothing_is_lost(
    lobby: Lobby, clerk: Staff, url: str, chromium: Browser
) -> None:
    await at_counter(chromium, url, clerk)
    await lobby.take_many(2)
    await chromium.find("#next", "A001")
    await chromium.click("#call")
    await chromium.find("#number", "A001")
    await lobby.press("skip")
    await chromium.find("#next", "A002")
    await chromium.run(LOSE)
    await chromium.click("#call")
    await chromium.find(".failure", "没有收到答复")
    await chromium.find("#number", "A002")  # it has happened, and the page learns it
    await chromium.run("window.lost = 0")
    await chromium.click("#take-passport")
    await chromium.find(".failure", "没有收到答复")
    await chromium.click("#take-passport")
    await chromium.find(".said", "新号 B001")  # the same ticket, not another one
    assert await lobby.line() == ["B001"]
    await chromium.run("window.lost = 0; window.fetch = async () => { throw new TypeError('away'); }")
    await chromium.type("#code", "ABCD2345\ue007")
    await chromium.find(".failure", "没有收到答复")
    assert await chromium.run("return document.getElementById('code').value") == "ABCD2345"


async def test_a_lost_link_is_said_and_comes_back(
    lobby: Lobby, clerk: Staff, gateway: Gateway, chromium: Browser
) -> None:
    async with stoppable(gateway) as served:
        await at_counter(chromium, served.url, clerk)
        await served.stop()
        await chromium.find(".link.lost", "可能已过时")
        await chromium.click("#call")
        await chromium.find(".failure", "没有收到答复")
        await lobby.take()
        await served.start()
        await chromium.find("#next", "A001")
        await chromium.gone(".link.lost")


async def test_whose_key_serves_nobody_is_told(lobby: Lobby, gateway: Gateway, url: str, chromium: Browser) -> None:
    await chromium.open(f"{url}/hall")
    await chromium.type("#credential", f"yw_{'0' * 12}_{'a' * 43}")
    await chromium.click("form button")
    await chromium.find(".failure", "凭据不存在或已吊销")
    async with Staff.hired(gateway, lobby.hall, "display") as screen:
        await chromium.run("document.getElementById('credential').value = ''")
        await sign_in(chromium, screen.token)
        await chromium.find("main", "只能显示叫号屏")
        await chromium.find("main", "申请窗口（clerk）角色")
        await chromium.click("#leave")
    for role in (None, "hotline"):
        async with Staff.hired(gateway, lobby.hall, role) as elsewhere:
            await sign_in(chromium, elsewhere.token)
            await chromium.find("main", f"{key_id_of(elsewhere.token)}）不能在任何大厅使用")
            await chromium.find("main a[href='/desk']", "预约受理台")
            await chromium.click("#leave")
    assert await chromium.run("return [sessionStorage.length, localStorage.length]") == [0, 0]


async def test_what_is_said_does_not_cover_what_is_pressed_next(
    lobby: Lobby, clerk: Staff, url: str, chromium: Browser
) -> None:
    await chromium.size(360, 640)
    await at_counter(chromium, url, clerk)
    await lobby.take_many(8)
    await chromium.click("#take-passport")
    await chromium.find(".said", "新号 B001")
    await chromium.find(".line [data-number=A008]")
    await chromium.run("document.getElementById('call').scrollIntoView({ block: 'start' })")
    assert await chromium.run(COVERED, "call") is False
    await chromium.run("scrollBy(0, document.getElementById('call').getBoundingClientRect().y - 10)")
    await chromium.click(".said")  # it is put away, and covers nothing
    assert await chromium.run(COVERED, "call") is False
    await chromium.click("#call")
    await chromium.find("#number", "A001")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_everybody_can_read_it_on_a_phone(
    lobby: Lobby, clerk: Staff, url: str, chromium: Browser, language: str
) -> None:
    await chromium.open(f"{url}/hall")
    await chromium.run("localStorage.setItem('yiwang.language', arguments[0])", language)
    await at_counter(chromium, url, clerk)
    await lobby.take_many(2)
    await lobby.take(priority=True)
    await chromium.find(".line [data-number=A003]")
    await chromium.width(360)
    for scheme in ("light", "dark"):
        await chromium.scheme(scheme)
        assert (scheme, await chromium.run(FAULTS)) == (scheme, [])
    await chromium.click("#call")
    await chromium.find("#number", "A003")
    await chromium.type("#code", "X\ue007")
    await chromium.find(".failure")
    for scheme in ("light", "dark"):
        await chromium.scheme(scheme)
        assert (scheme, await chromium.run(FAULTS)) == (scheme, [])
