"""The page of parking in a real browser: sign in by a host app's code, find the car, watch the fee, pay, leave."""

from datetime import timedelta

import pytest
from sqlmodel import select

from adapters.sandbox.development import APPS
from flows.payments.tables import PaymentAttempt, PaymentOrder
from kernel.clock import SystemClock
from kernel.money import Fen, format_yuan
from tests.browser import Browser
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import CarPark
from tests.gateway.residents.hosts import Phones
from tests.gateway.residents.test_vehicle_proofs import driver

PLATE = "沪A12345"
SESSION_OVER = "return import('/parking-page/graph.js').then(({ tokens }) => { tokens.access = tokens.refresh = 'x'; })"
ENDED_AT_ONCE = """window.online = fetch;  // what the tokens are asked for first finds them ended
window.fetch = async (path, asked) => {
  if (asked.headers.authorization && asked.body.includes("myParking {")) {
    const { tokens } = await import("/parking-page/graph.js");
    tokens.refresh = "x";
    asked.headers.authorization = "Bearer x";
  }
  return online(path, asked);
};"""


async def paid(park: CarPark) -> str:
    """The host says that the only attempt is paid, and the worker hears of it; how much, as the page writes it."""
    async with park.database.session() as session:
        [attempt] = (await session.exec(select(PaymentAttempt))).all()
    await park.host_says_paid(attempt.number, attempt.amount, SystemClock().now())
    park.catch_up()
    await park.work()
    return f"¥ {format_yuan(Fen(attempt.amount))}"


async def sign_in_again(chromium: Browser, code: str) -> None:
    await chromium.run("document.getElementById('code').value = ''")
    await chromium.type("#code", code)
    await chromium.click("#sign-in button")


async def test_a_whole_stay(city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser) -> None:
    await park.seen("enter", timedelta(minutes=50), PLATE)
    gate_out = await park.gate("exit")
    await chromium.width(360)
    await chromium.stand(31.2, 121.4)
    await chromium.open(f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}&scan={gate_out}")
    await chromium.find("#lots li", "空位 99/100")
    await chromium.find("#lots small", "120 分钟 ¥")
    await chromium.type("#plate", PLATE)
    await chromium.click("#add > button")
    await chromium.find("#vehicles li", PLATE)
    await chromium.click("#scan button", "离场")
    await chromium.find("#said", "请先付款")
    fee = await chromium.text("#fee")
    await chromium.click("#pay")
    await chromium.find("#cashier label", "参数")
    assert await paid(park) == fee  # at night less than by day
    await chromium.find("#about", f"已付 {fee}")  # by itself
    await chromium.find("#receipt", fee)
    await chromium.click("#language")
    await chromium.find("#lots small", "120 min ¥")
    await chromium.click("#scan button", "Leave")
    await chromium.find("#said", "Drive on")
    assert await chromium.run("return document.documentElement.scrollWidth <= innerWidth")
    assert [each for each in await chromium.complaints() if "favicon" not in each] == []


async def test_who_keeps_a_plate_proves_it(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await driver(city, phones, "wang")
    await chromium.open(f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}")
    await chromium.type("#plate", PLATE)
    await chromium.click("#add > button")
    await chromium.click("#vehicles button", "核验车主")
    await chromium.find("#vehicles p", "提供给机动车登记机关比对")
    await chromium.click("#vehicles button", "同意并核验")
    await chromium.find("#vehicles li", "车主已核验")


async def test_whose_sign_in_is_over_signs_in_and_goes_on(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await chromium.open(f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}")
    await chromium.type("#plate", PLATE)
    await chromium.run(SESSION_OVER)
    await chromium.click("#add > button")
    await chromium.find("#said", "登录已过期")
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.find("#vehicles li", PLATE)
    await chromium.gone("#sign-in")


async def pay_when_it_is_over(park: CarPark, chromium: Browser, address: str) -> None:
    """Watch a fee, and pay when the sign-in has ended."""
    await park.seen("enter", timedelta(minutes=50), PLATE)
    await chromium.open(f"{address}&scan={await park.gate('exit')}")
    await chromium.type("#plate", PLATE)
    await chromium.click("#add > button")
    await chromium.find("#vehicles li", PLATE)
    await chromium.click("#scan button", "查我的车")
    await chromium.find("#session-title", PLATE)
    await chromium.run(SESSION_OVER)
    await chromium.click("#pay")
    await chromium.find("#said", "登录已过期")


async def orders(park: CarPark) -> int:
    async with park.database.session() as session:
        return len((await session.exec(select(PaymentOrder))).all())


async def test_what_one_was_doing_and_sees_is_not_the_next_one_s(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await pay_when_it_is_over(park, chromium, f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}")
    await sign_in_again(chromium, phones.code("li"))
    await chromium.find("#vehicles li", "没有")
    await chromium.gone("#session")
    assert await chromium.text("#said") == ""  # nothing was tried for them


async def test_what_was_long_ago_does_not_begin_by_itself(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await pay_when_it_is_over(park, chromium, f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}")
    await chromium.run("const { now } = Date; Date.now = () => now() + 600000")
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.gone("#sign-in")
    await chromium.type("#plate", "沪B12345")
    await chromium.click("#add > button")
    await chromium.find("#vehicles li", "沪B12345")
    assert await orders(park) == 0


async def test_it_goes_on_also_after_a_sign_in_that_failed(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await pay_when_it_is_over(park, chromium, f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}")
    await chromium.run(ENDED_AT_ONCE)
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.find("#said", "登录已过期")
    await chromium.run("window.fetch = online")
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.find("#cashier")
    assert await orders(park) == 1


@pytest.mark.case("PK-15")
async def test_the_page_says_where_it_scans(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    await park.seen("enter", timedelta(minutes=50), PLATE)
    gate_out = await park.gate("exit")
    await chromium.stand(31.22, 121.4)
    await chromium.open(f"{origin}/parking#app={APPS['wechat']}&code={phones.code('wang')}&scan={gate_out}")
    await chromium.type("#plate", PLATE)
    await chromium.click("#add > button")
    await chromium.find("#vehicles li", PLATE)
    await chromium.click("#scan button", "查我的车")
    await chromium.find("#said", "这张码离您较远")
    await chromium.click("#scan button", "离场")
    await chromium.find("#said", "2224 m away")
