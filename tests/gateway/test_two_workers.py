"""``yiwang gateway --workers 2`` while a department publishes: no request fails, and both workers follow."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from kernel.database import Database
from kernel.settings import Settings
from tests.publish.gateway_under_test import department_token, document, submission
from tests.upstream.department import Department, answer

REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def two_workers(settings: Settings) -> AsyncIterator[str]:
    """Run the command and yield its URL."""
    environment = os.environ | {
        "YIWANG_DATABASE_URL": settings.database_url,
        "YIWANG_REDIS_URL": settings.redis_url,
        "YIWANG_STATE_DIR": settings.state_dir,
        "YIWANG_UPSTREAM_NETWORKS": "127.0.0.0/8",
        "YIWANG_ACCESS_LOG": "false",
    }
    command = ["-m", "cli.main", "gateway", "--workers", "2", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=REPOSITORY, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+(?=/graphql)", said)
        assert found, said
        yield found[0]
    finally:
        process.terminate()
        await process.wait()


class FrontEnd:
    """Asks without a pause, each time on a new connection, so that the kernel chooses the worker anew."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.asked = 0
        self.failed: list[Any] = []
        self.versions: dict[str, int] = {}  # of each worker, the one that it served last

    async def ask(self) -> None:
        query = '{ parking { lots { free } } catalog { service(name: "parking") { version } } }'
        while True:
            async with AsyncClient() as client:
                response = await client.post(f"{self._url}/graphql", json={"query": query}, timeout=60)
            self.asked += 1
            body = response.json()
            if response.status_code != 200 or "errors" in body or body["data"]["parking"]["lots"] != [{"free": 7}]:
                self.failed.append(body)
            worker = response.headers["x-request-id"].partition("-")[0]
            self.versions[worker] = body["data"]["catalog"]["service"]["version"]

    async def until_both_serve(self, version: int) -> None:
        async with asyncio.timeout(60):
            while sorted(self.versions.values()) != [version, version]:
                await asyncio.sleep(0.01)


@pytest.fixture
async def department() -> AsyncIterator[Department]:
    one = Department(lambda _: [answer(b'[{"free": 7}]', headers="content-type: application/json\r\n")])
    await one.start()
    yield one
    await one.stop()


async def test_no_request_fails_while_a_service_changes(
    settings: Settings, database: Database, department: Department
) -> None:
    token = await department_token(database)
    async with two_workers(settings) as url, AsyncClient(timeout=60) as city:

        async def change(path: str, body: object) -> int:
            response = await city.post(url + path, json=body, headers={"authorization": f"Bearer {token}"})
            assert response.status_code == 200, response.text
            return int(response.json()["version"])

        def published(*fields: str, **options: Any) -> dict[str, Any]:
            return submission(document(*fields), upstream={"url": department.url}, **options)

        assert await change("/publish", published("free", "taken")) == 1
        front = FrontEnd(url)
        await _until_both_know(url)  # the worker that did not publish it needs a moment
        asking = asyncio.create_task(front.ask())
        try:
            await front.until_both_serve(1)
            for version, path, body in (
                (2, "/publish", published("free", "taken", "price")),
                (3, "/publish", published("free", force=True)),
                (2, "/rollback", {"service": "parking"}),
                (3, "/rollback", {"service": "parking", "to": 3}),
            ):
                assert await change(path, body) == version
                await front.until_both_serve(version)
            assert not asking.done()
        finally:
            asking.cancel()
        assert front.failed == []
        assert front.asked > 10


async def _until_both_know(url: str) -> None:
    """Wait until two different workers have said that they know the service."""
    known: set[str] = set()
    async with asyncio.timeout(60):
        while len(known) < 2:
            async with AsyncClient() as client:
                response = await client.get(f"{url}/health", timeout=60)
            if response.json()["services"] == 1:
                known.add(response.headers["x-request-id"].partition("-")[0])
