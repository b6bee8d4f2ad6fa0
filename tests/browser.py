"""A real browser: headless Chromium, spoken to by the WebDriver protocol (W3C). It reaches loopback only."""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import AsyncClient

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's own name, section 12
_PATIENCE_SECONDS = 30
_FIND = """
const [css, text] = arguments;
const shown = (each) => each.checkVisibility() && each.textContent.replace(/\\s+/g, " ").includes(text);
return [...document.querySelectorAll(css)].find(shown) || null;
"""


class Browser:
    """One window. What it is asked for it waits for, as people do."""

    def __init__(self, driver: AsyncClient, session: str) -> None:
        self._driver = driver
        self._session = f"/session/{session}"

    async def open(self, url: str) -> None:
        await self._do("POST", "/url", {"url": url})

    async def run(self, script: str, *arguments: Any) -> Any:
        return await self._do("POST", "/execute/sync", {"script": script, "args": arguments})

    async def find(self, css: str, text: str = "") -> dict[str, str]:
        """Return the first visible element of a selector that has a text."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (found := await self.run(_FIND, css, text)) is None:
                await asyncio.sleep(0.05)
        element: dict[str, str] = found
        return element

    async def stand(self, latitude: float, longitude: float) -> None:
        """Be at a place, and let pages know it (DevTools, for WebDriver has no word for it)."""
        where = {"latitude": latitude, "longitude": longitude, "accuracy": 5}
        for name, given in (
            ("Browser.grantPermissions", {"permissions": ["geolocation"]}),
            ("Emulation.setGeolocationOverride", where),
        ):
            await self._do("POST", "/goog/cdp/execute", {"cmd": name, "params": given})

    async def hide(self) -> None:
        """Refuse pages the position."""
        refused = {"permission": {"name": "geolocation"}, "setting": "denied"}
        await self._chromium("Browser.setPermission", refused)

    async def enter(self, css: str) -> None:
        """Go on inside a frame."""
        await self._do("POST", "/frame", {"id": await self.find(css)})

    async def leave(self) -> None:
        """Go on in the whole page."""
        await self._do("POST", "/frame", {"id": None})

    async def gone(self, css: str) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await self.run(_FIND, css, "") is not None:
                await asyncio.sleep(0.05)

    async def click(self, css: str, text: str = "") -> None:
        element = await self.find(css, text)
        await self._do("POST", f"/element/{element[_ELEMENT]}/click", {})

    async def type(self, css: str, text: str) -> None:
        element = await self.find(css)
        await self._do("POST", f"/element/{element[_ELEMENT]}/value", {"text": text})

    async def keys(self, text: str) -> None:
        """Type wherever the focus is, as a scanner does; Enter is U+E007."""
        pressed = [{"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")]
        await self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": pressed}]})

    async def text(self, css: str) -> str:
        element = await self.find(css)
        return str(await self._do("GET", f"/element/{element[_ELEMENT]}/text"))

    async def width(self, pixels: int) -> None:
        await self.size(pixels, 900)

    async def size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._chromium("Emulation.setDeviceMetricsOverride", size)

    async def scheme(self, name: str) -> None:
        await self._chromium(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]}
        )

    async def picture(self) -> bytes:
        """Return what the window shows, as a PNG."""
        return base64.b64decode(await self._do("GET", "/screenshot"))

    async def complaints(self) -> list[str]:
        """Return what the browser had against the page, such as breaches of its Content-Security-Policy."""
        return [each["message"] for each in await self._do("POST", "/se/log", {"type": "browser"})]

    async def _chromium(self, command: str, parameters: dict[str, Any]) -> Any:
        return await self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    async def _do(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = await self._driver.request(method, self._session + path, json=body)
        value = response.json()["value"]
        assert response.status_code == 200, value
        return value


@asynccontextmanager
async def browser(language: str = "zh-CN") -> AsyncIterator[Browser]:
    """Open a window, or skip the test where there is no Chromium."""
    program, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or chromium is None:
        pytest.skip("not installed: chromium and chromedriver")
    async with _driver(program) as driver, _window(driver, chromium, language) as window:
        yield window


@asynccontextmanager
async def _driver(program: str) -> AsyncIterator[AsyncClient]:
    """Start chromedriver on a free port."""
    process = await asyncio.create_subprocess_exec(program, "--port=0", stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = None
        while port is None:
            port = re.search(rb"successfully on port (\d+)", await process.stdout.readline())
        async with AsyncClient(base_url=f"http://127.0.0.1:{int(port[1])}", timeout=60) as client:
            yield client
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def _window(driver: AsyncClient, chromium: str, language: str) -> AsyncIterator[Browser]:
    arguments = [
        "--headless=new",
        "--no-sandbox",  # it may be root who tests; the pages are ours
        "--disable-dev-shm-usage",  # containers have little of it
        "--window-size=1280,900",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    options = {"binary": chromium, "args": arguments, "prefs": {"intl.accept_languages": language}}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    response = await driver.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    assert response.status_code == 200, response.text
    session = response.json()["value"]["sessionId"]
    try:
        yield Browser(driver, session)
    finally:
        await driver.delete(f"/session/{session}")
