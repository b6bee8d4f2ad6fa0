"""The box as a process of its own, killed as a power cut would: what was answered is at the platform once."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from flows.gate.box import open_box
from flows.gate.site_file import SiteFile
from kernel.clock import SystemClock
from tests.gate.conftest import SECRET
from tests.gate.platform import Platform, free_port, plates, serving, until

ANSWERED, ASKED = 20, 40
REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def running(site: Path, origin: str, store: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Run ``yiwang gate``; it is killed when the block ends."""
    port = free_port()
    options = ("--site", site, "--cloud", origin, "--store", store, "--port", str(port))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", "gate", *options, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        token = line.decode().split("#token=")[1].split()[0]
        headers = {"authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            yield client
    finally:
        process.kill()
        await process.wait()


@pytest.mark.case("PK-07")
async def test_kill_9_between_decision_and_sending_loses_and_doubles_nothing(file: SiteFile, tmp_path: Path) -> None:
    own = msgspec.structs.replace(file, token="a-token-of-the-site")
    site, store = tmp_path / "site.json", tmp_path / "store.sqlite"
    lanes = [{"name": "in", "direction": "enter", "fail_open": True}]
    site.write_text(json.dumps(msgspec.to_builtins(own) | {"lanes": lanes}))
    answered: list[str] = []

    async def drive(client: aiohttp.ClientSession, plate: str) -> None:
        async with client.post("/lanes/in/plates", json={"plate": plate}) as answer:
            answered.append((await answer.json())["event_id"])

    async with serving(Platform(SystemClock(), SECRET)) as platform:
        platform.away = True
        async with running(site, platform.origin, store) as client:
            driving = [asyncio.ensure_future(drive(client, plate)) for plate in plates(ASKED)]
            await until(lambda: len(answered) >= ANSWERED)
        await asyncio.gather(*driving, return_exceptions=True)
        assert platform.events == {}
        platform.away, platform.silent = False, True
        async with running(site, platform.origin, store):
            await until(lambda: len(platform.events) >= len(answered))
        platform.silent = False
        async with open_box(own, platform.origin, store, SystemClock(), follow=False) as box:
            assert box.passing.journal.waiting >= len(answered)
            await box.syncing.send()
            assert box.passing.journal.waiting == 0
    assert {*answered} <= {str(each) for each in platform.events}
    assert len(platform.batches) >= 2
