"""The box over HTTP, as the site's devices and its page have it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from flows.gate.box import open_box
from flows.gate.http import gate_app
from flows.gate.site_file import SiteFile
from gateway.server.lifespan import lifespan
from gateway.server.listening import listen
from gateway.server.server import Server
from kernel.clock import ManualClock
from tests.console.browser import browser, driver
from tests.gate.platform import Platform, until

TOKEN = "a-token-of-the-site"


@pytest.fixture
async def url(platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a box that follows the platform."""
    own = msgspec.structs.replace(file, token=TOKEN)
    listening = listen("127.0.0.1", 0)
    app: Any = gate_app(lambda: open_box(own, platform.origin, tmp_path / "store", clock))
    async with lifespan(app):
        server = Server(app)
        await server.open(listening)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        await server.stop(0)


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}) as opened:
        async with asyncio.timeout(20):
            while not (await opened.get("/status")).json()["lanes"]:
                await asyncio.sleep(0.02)
        yield opened


async def test_a_camera_is_answered_and_watchers_are_told(client: httpx.AsyncClient, platform: Platform) -> None:
    answer = await client.post("/lanes/in/plates", json={"plate": "沪A12345", "colour": "blue"})
    assert (answer.status_code, answer.json()["decision"]) == (200, "open")
    async with client.stream("GET", "/events") as stream:
        line = await anext(stream.aiter_lines())
    told = msgspec.json.decode(line.removeprefix("data: "))
    assert (told["lanes"][0]["last"]["plate"], told["inside"]) == ("沪A12345", 1)
    await until(lambda: len(platform.events) == 1)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/lanes/in/plates", {}, (422, "GATE_REQUEST_INVALID", "plate")),
        ("/lanes/in/plates", {"plate": "沪A12345", "confidence": 2}, (422, "GATE_REQUEST_INVALID", "confidence")),
        ("/lanes/in/plates", {"plate": "沪A12345", "speed": 9}, (422, "GATE_REQUEST_INVALID", "speed")),
        ("/lanes/in/plates", [], (422, "GATE_REQUEST_INVALID", "body")),
        ("/lanes/in/open", {"reason": "Just so"}, (422, "GATE_REQUEST_INVALID", "reason")),
        ("/lanes/in/codes", {"text": "x" * 401}, (422, "GATE_REQUEST_INVALID", "text")),
        ("/lanes/out/payments", {"amount_fen": 25.0}, (422, "GATE_REQUEST_INVALID", "amount_fen")),
        ("/lanes/roof/plates", {"plate": "沪A12345"}, (404, "GATE_LANE_UNKNOWN", None)),
        ("/lanes/in/wishes", {}, (404, "GATE_NOT_FOUND", None)),
    ],
)
async def test_what_is_wrong_is_said(
    client: httpx.AsyncClient, path: str, body: object, expected: tuple[int, str, str | None]
) -> None:
    answer = await client.post(path, json=body)
    said = answer.json()
    assert (answer.status_code, said["code"], said.get("field")) == expected
    assert said["fix"]


async def test_without_the_token_nothing_is_told_or_done(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers={"authorization": "Bearer another"}) as stranger:
        for method, path in (("GET", "/status"), ("GET", "/events"), ("POST", "/link"), ("POST", "/lanes/in/open")):
            answer = await stranger.request(method, path, json={"cut": True})
            assert (answer.status_code, answer.json()["code"]) == (401, "GATE_TOKEN_REFUSED")


async def test_the_page_shows_and_tries_the_gate(url: str, platform: Platform, client: httpx.AsyncClient) -> None:
    program, chrome = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or chrome is None:
        pytest.skip("not installed: chromium and chromedriver")
    platform.enters("沪A12345", "11-02 07:59")
    async with driver(program) as driven, browser(driven, chrome, "zh-CN") as page:
        await page.open(f"{url}/#token={TOKEN}")
        await page.find("#lot", "一号车库")
        await page.find("#state", "在线")
        await page.find("#state div:nth-child(3) dd", "1")  # the box has heard of the car
        await page.click("#link", "切断云端")
        await page.find("#state", "离线")
        await page.run("document.querySelector('#car [name=lane]').value = 'out'")
        await page.click("#car button", "来车")
        await page.find(".lane .amount", "¥25.00")
        await page.type("#cash [name=yuan]", "25.00")
        await page.run("document.querySelector('#cash [name=lane]').value = 'out'")
        await page.click("#cash button")
        await page.find(".lane .open-text", "放行")
        await page.click("#language", "English")
        await page.click("#link", "Mend the line")
        await page.find("#state", "up")
        assert await page.run("return location.hash") == ""
        await page.width(320)
        assert await page.run("return document.documentElement.scrollWidth <= 320")
        assert await page.complaints() == []
    await until(lambda: [event.paid_fen for event in platform.events.values()] == [0, 2500])
