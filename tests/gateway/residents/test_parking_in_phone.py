"""Parking in the simulated phone, in a real browser: the page acts as in a host app, so that nothing is copied."""

from datetime import timedelta

from litestar import Response, get

from tests.adapters.simulators import serve_handlers
from tests.browser import Browser
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import CarPark
from tests.gateway.residents.hosts import Phones
from tests.gateway.residents.test_parking_page import PLATE, paid
from tests.simulated_phone import scan

ASKING = """<!doctype html><script>
addEventListener("message", ({ data }) => document.body.append(JSON.stringify(data)));
parent.postMessage({ yiwang: 1, id: "1", ask: "login" }, "*");
setTimeout(() => document.body.append("waited"), 1000);
</script><body>asking"""


@get("/", sync_to_thread=False)
def asking() -> Response[str]:
    """Return a page that asks for a code as soon as it is open."""
    return Response(ASKING, media_type="text/html")


async def test_a_whole_stay_in_the_phone(
    city: City, phones: Phones, park: CarPark, origin: str, chromium: Browser
) -> None:
    gate_in, gate_out = await park.gate("enter"), await park.gate("exit")
    await chromium.stand(31.2, 121.4)
    await chromium.open(phones.origin)
    await chromium.find("#about", "+86")
    await scan(chromium, f"{origin}/P/{gate_in}".upper())
    await chromium.enter("#page iframe")
    await chromium.click("a[href^='/parking']")
    await chromium.type("#plate", PLATE)
    await chromium.click("#add > button")
    await chromium.find("#vehicles li", PLATE)
    await park.seen("enter", timedelta(minutes=14, seconds=55), PLATE)  # by a camera, and 15 minutes are free
    await chromium.click("#scan button", "入场")
    await chromium.find("#said", "请通行")
    await chromium.find("#fee", "¥ 1")  # it grows by itself, at night to less

    await chromium.click("#pay")
    await chromium.leave()
    await chromium.find("#bill-lines", "¥ 1")
    await chromium.click("#confirm")
    await chromium.enter("#page iframe")
    await chromium.find("#said", "还没有收到付款结果")  # the app's word is not the server's
    await paid(park)
    await chromium.find("#receipt", "¥ 1")

    await chromium.click("#ask-scan")
    await chromium.leave()
    await scan(chromium, f"https://id.example/P/{gate_out}".upper())
    await chromium.enter("#page iframe")
    await chromium.click("#scan button", "离场")
    await chromium.find("#said", "请通行")
    await chromium.leave()
    assert await chromium.complaints() == []


async def test_the_phone_hears_the_page_that_was_scanned_alone(phones: Phones, chromium: Browser) -> None:
    async with serve_handlers([asking]) as one, serve_handlers([asking]) as other:
        await chromium.open(phones.origin)
        await chromium.find("#about", "+86")
        await chromium.run("postMessage({ yiwang: 1, id: '1', ask: 'login' }, '*')")  # not from the frame
        await scan(chromium, one)
        await chromium.enter("#page iframe")
        await chromium.find("body", '"answer":{"code":')
        await chromium.run("location.href = arguments[0]", other)
        await chromium.leave()
        await chromium.enter("#page iframe")
        await chromium.find("body", "waited")
        assert await chromium.text("body") == "askingwaited"
        await chromium.leave()
        asked = "return performance.getEntriesByType('resource').filter((each) => each.name.endsWith('/login')).length"
        assert await chromium.run(asked) == 1
        await scan(chromium, "https://elsewhere.example/")
        await chromium.find("#result.error", "--opens")
        await chromium.gone("#page")
