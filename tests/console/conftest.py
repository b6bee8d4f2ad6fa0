"""An office whose gateway listens on a port, and a browser beside it."""

import shutil
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gateway.server.listening import listen
from gateway.server.server import Server
from kernel.database import Database
from kernel.settings import Settings
from tests.catalogue.office import Office, opened
from tests.console.browser import Browser, browser, driver


@pytest.fixture
async def office(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Office]:
    async with opened(database, redis, settings) as office:
        yield office


@pytest.fixture
async def url(office: Office) -> AsyncIterator[str]:
    """The address at which the office's gateway serves."""
    listening = listen("127.0.0.1", 0)
    server = Server(office.asked.app)
    await server.open(listening)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    await server.stop(0)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    program, chrome = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or chrome is None:
        pytest.skip("not installed: chromium and chromedriver")
    async with driver(program) as client, browser(client, chrome, "zh-CN") as window:
        yield window
