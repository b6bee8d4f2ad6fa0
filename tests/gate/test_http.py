"""The box over HTTP, as the site's devices and its page have it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from flows.gate.box import open_box
from flows.gate.http import gate_app
from flows.gate.site_file import SiteFile
from kernel.clock import ManualClock
from kernel.http_server.lifespan import lifespan
from tests.browser import Browser
from tests.gate.platform import Platform, until
from tests.served import served


@pytest.fixture
async def url(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The address of a box that follows the platform: simulated, unless a test says otherwise."""
    simulated = getattr(request, "param", True)
    app: Any = gate_app(lambda: open_box(file, platform.origin, tmp_path / "store", clock, simulated=simulated))
    async with lifespan(app), served(app) as address:
        yield address


@pytest.fixture
async def client(url: str, file: SiteFile) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {file.booth_token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as opened:
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


async def test_a_cameras_token_takes_no_money_and_lifts_no_arm(client: httpx.AsyncClient, file: SiteFile) -> None:
    client.headers["authorization"] = f"Bearer {file.token}"
    for path in ("/lanes/out/payments", "/lanes/in/open", "/link"):
        answer = await client.post(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "GATE_TOKEN_REFUSED")
    assert (await client.post("/lanes/in/plates", json={"plate": "沪A12345"})).status_code == 200
    assert (await client.get("/status")).status_code == 200


@pytest.mark.parametrize("url", [False], indirect=True)
async def test_the_line_of_a_real_site_is_not_cut(client: httpx.AsyncClient, url: str) -> None:
    assert (await client.get("/status")).json()["simulated"] is False
    answer = await client.post("/link", json={"cut": True})
    assert (answer.status_code, answer.json()["code"]) == (404, "GATE_NOT_FOUND")


async def test_the_page_shows_and_tries_the_gate(
    url: str, file: SiteFile, platform: Platform, chromium: Browser
) -> None:
    platform.enters("沪A12345", "11-02 07:59")
    await chromium.open(f"{url}/#token={file.booth_token}")
    await chromium.find("#lot", "一号车库")
    await chromium.find("#state", "在线")
    await chromium.find("#state div:nth-child(3) dd", "1")  # the box has heard of the car
    await chromium.click("#link", "切断云端")
    await chromium.find("#state", "离线")
    await chromium.run("document.querySelector('#car [name=lane]').value = 'out'")
    await chromium.click("#car button", "来车")
    await chromium.find(".lane .amount", "¥25.00")
    await chromium.type("#cash [name=yuan]", "25.00")
    await chromium.run("document.querySelector('#cash [name=lane]').value = 'out'")
    await chromium.click("#cash button")
    await chromium.find(".lane .open-text", "放行")
    await chromium.click("#language", "English")
    await chromium.click("#link", "Mend the line")
    await chromium.find("#state", "up")
    assert await chromium.run("return location.hash") == ""
    await chromium.width(320)
    assert await chromium.run("return document.documentElement.scrollWidth <= 320")
    assert await chromium.complaints() == []
    await until(lambda: [event.paid_fen for event in platform.events.values()] == [0, 2500])
