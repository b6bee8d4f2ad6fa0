"""The hall's screen in a real browser: what it shows, what it speaks, and that it comes again by itself."""

import pytest

from auth.accounts.tables import Account
from gateway.app import Gateway
from tests.appointments.lobby import LOBBY, Lobby
from tests.browser import Browser
from tests.console.test_looking import FAULTS
from tests.gateway.halls.staff_of import Staff, dismiss, key
from tests.gateway.halls.windows import sign_in, stoppable

pytestmark = pytest.mark.case("issue-6.display-page")
KEPT = "return [sessionStorage.getItem('yiwang.credential'), localStorage.getItem('yiwang.display')]"


async def test_calls_are_shown_large_and_spoken(lobby: Lobby, url: str, chromium: Browser) -> None:
    token = await key(lobby.hall, "display")
    await chromium.open(f"{url}/hall/display")
    await sign_in(chromium, token)
    await chromium.find(".no-calls")
    assert await chromium.run(KEPT) == [token, token]
    account = await lobby.hall.resident()
    name = lobby.hall.keys.cipher.seal("account.name", account, "王秀英")
    async with lobby.hall.database.session() as session:
        (await session.get_one(Account, account)).name = name
    await lobby.take(account)
    await lobby.take_many(2)
    await chromium.find(".next", "A003")
    assert "3 人等候" in await chromium.text(".estimates")
    assert "暂无窗口办理" in await chromium.text(".estimates")
    await chromium.type("#sound", "语音")
    await chromium.run("window.spoken = []; speechSynthesis.speak = (each) => spoken.push(each.text);")
    await lobby.open()
    await lobby.next()
    await chromium.find(".calling .number", "A001")
    await chromium.find(".calling", "一号")
    await chromium.find(".calling .name", "**英")
    await chromium.find(".counter.called.new.last", "A001")
    await chromium.run(
        """return new Promise((heard) => {
            const look = setInterval(() => spoken.length && heard(clearInterval(look)), 50);
        })"""
    )
    assert await chromium.run("return spoken") == ["请 A 0 0 1 号，到一号"]
    await lobby.press("serve")
    await chromium.find(".no-calls")
    await chromium.find(".counter.serving", "A001")
    assert await chromium.run("return /^\\d\\d:\\d\\d:\\d\\d$/.test(document.getElementById('clock').textContent)")
    assert await chromium.complaints() == []


async def test_many_counters_fit_on_it(lobby: Lobby, url: str, chromium: Browser) -> None:
    counters = [{"code": str(each), "name_zh": f"{each}号窗口"} for each in range(1, 25)]
    await lobby.hall.load({"offices": [{**LOBBY, "counters": counters}]})
    await lobby.take_many(24)
    for each in counters:
        await lobby.open(each["code"])
        await lobby.next(each["code"])
    await chromium.open(f"{url}/hall/display")
    await sign_in(chromium, await key(lobby.hall, "display"))
    await chromium.find(".counter", "A024")
    shown = await chromium.run("return [...document.querySelectorAll('.counter')].map((each) => each.dataset.counter)")
    assert shown == [each["code"] for each in counters]
    await chromium.size(1920, 1080)
    assert await chromium.run("return document.documentElement.scrollHeight - innerHeight") <= 0


async def test_it_comes_again_by_itself(lobby: Lobby, gateway: Gateway, chromium: Browser) -> None:
    token = await key(lobby.hall, "display")
    async with stoppable(gateway) as served:
        address = f"{served.url}/hall/display#office=hall"
        await chromium.open(address)
        await sign_in(chromium, token)
        await chromium.find(".board")
        await served.stop()
        await chromium.find(".link.lost", "可能已过时")
        await lobby.take()
        await served.start()
        await chromium.find(".next", "A001")
        await chromium.gone(".link.lost")
        await chromium.run("sessionStorage.clear()")  # as after a power cut
        await chromium.open(f"{served.url}/hall")
        await chromium.open(address)
        await chromium.find(".next", "A001")
        await dismiss(lobby.hall, token)
        await lobby.take()
        await chromium.find(".failure", "没有相应的角色")


async def test_a_clerks_key_does_not_stay_on_a_screen(clerk: Staff, url: str, chromium: Browser) -> None:
    await chromium.open(f"{url}/hall/display")
    await sign_in(chromium, clerk.token)
    await chromium.find(".board")
    assert await chromium.run(KEPT) == [clerk.token, None]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_everybody_can_read_it(lobby: Lobby, url: str, chromium: Browser, language: str) -> None:
    await chromium.open(f"{url}/hall/display")
    await chromium.run("localStorage.setItem('yiwang.language', arguments[0])", language)
    await chromium.open(f"{url}/hall/display?again")
    await sign_in(chromium, await key(lobby.hall, "display"))
    await chromium.find(".board")
    await lobby.open()
    await lobby.take_many(4)
    await lobby.miss()
    await lobby.next()
    await chromium.find(".calling .number", "A002")
    for width in (360, 1920):
        await chromium.width(width)
        assert (width, await chromium.run(FAULTS)) == (width, [])
