"""What a test may ask for: the real PostgreSQL and Valkey, a migrated database of its own, and no outside world."""

import asyncio
import gc
import ipaddress
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import settings as examples
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from kernel.database import Database, asyncpg_url, open_database
from kernel.embedded import servers
from kernel.ids import uuid7
from kernel.redis import open_redis
from kernel.settings import Settings
from migrations.upgrade import upgrade
from tests.browser import Browser, browser

# The same examples on every machine, so that a change is judged by itself; `make fuzz` looks for new ones.
examples.register_profile("check", deadline=None, derandomize=True, database=None)
examples.register_profile("fuzz", deadline=None, max_examples=5000)
examples.load_profile("check")

REPOSITORY = Path(__file__).parents[1]
_MEMORY, _ENOUGH = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - Linux's file system in memory
_COLLECTION = (50_000, 10, 10)
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


@pytest.fixture(scope="session")
def server_settings() -> Iterator[Settings]:
    """Both servers, started once for the test process; the database is the empty one they are born with.

    A database for each test is a thousand files each time: in memory they take a tenth of the CPU.
    """
    in_memory = _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH else None
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-test-", dir=in_memory, ignore_cleanup_errors=True) as folder,
        servers(Settings(state_dir=folder), _FAST) as settings,
    ):
        yield settings


@pytest.fixture(scope="session")
def template_url(server_settings: Settings) -> str:
    """A database with every migration run, only ever copied."""

    async def make() -> str:
        url = await _create_database(server_settings.database_url, "template")
        await upgrade(url)
        return url

    with ThreadPoolExecutor(1) as thread:  # away from the event loop that the tests use
        return thread.submit(asyncio.run, make()).result()


@pytest.fixture
def own_database_url(server_settings: Settings, template_url: str) -> str:
    """As ``database_url``, for tests without a loop; it goes with the server."""

    async def make() -> str:
        template = make_url(template_url).database
        return await _create_database(server_settings.database_url, f"test_{uuid7().hex}", template=template)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, make()).result()


@pytest.fixture
async def database_url(server_settings: Settings, template_url: str) -> AsyncIterator[str]:
    """A migrated, empty database for one test."""
    name = f"test_{uuid7().hex}"
    yield await _create_database(server_settings.database_url, name, template=make_url(template_url).database)
    await _execute(server_settings.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def settings(server_settings: Settings, database_url: str) -> Settings:
    """The settings of a process in one test: its own database and an empty Valkey."""
    settings = msgspec.structs.replace(server_settings, database_url=database_url)
    async with open_redis(settings) as client:
        await client.flushall()
    return settings


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_database(settings) as opened:
        yield opened


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    async with open_redis(settings) as client:
        yield client


async def _create_database(server: str, name: str, template: str | None = None) -> str:
    copied = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""  # a fifth of the time of WAL_LOG
    await _execute(server, f'CREATE DATABASE "{name}"' + copied)
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(asyncpg_url(server))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", action="store_true", help="list the ids that tests stand for (`make cases`)")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the cycle collector leave what is loaded alone, and be in no hurry: it took a fifth of the tests' time.

    With ``--cases``, print every id of ``@pytest.mark.case`` and its test.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTION)
    if not session.config.getoption("--cases"):
        return
    found = {(str(i), item.nodeid) for item in session.items for mark in item.iter_markers("case") for i in mark.args}
    for case, node in sorted(found):
        print(f"{case:20} {node}")  # noqa: T201 - this is the list


class OutsideWorldError(RuntimeError):
    """A test tried to leave the machine."""


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        return
    address = arguments[:1] if event == "socket.getaddrinfo" else arguments[1]
    if isinstance(address, tuple) and not _is_local(host := address[0]):  # a Unix socket's address is a string
        raise OutsideWorldError(f"{event} to {host!r}: tests reach loopback only")


def _is_local(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified  # "::" and "0.0.0.0" are this machine


sys.addaudithook(_refuse_outside)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as window:
        yield window
