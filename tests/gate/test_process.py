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
from click.testing import CliRunner

from cli.gate import gate
from flows.gate.box import open_box
from flows.gate.errors import SiteFileError
from flows.gate.site_file import SiteFile, read_site
from kernel.clock import SystemClock
from tests.gate.conftest import SECRET
from tests.gate.platform import Platform, free_port, plates, serving, until

ANSWERED, ASKED = 20, 40
REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def running(site: Path, origin: str, store: Path, *more: str) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Run ``yiwang gate``, and yield what it prints; it is killed when the block ends."""
    port, token = free_port(), read_site(site).booth_token
    options = ("--site", site, "--cloud", origin, "--store", store, "--port", str(port))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", "gate", *options, *more, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        headers = {"authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            yield client, line.decode()
    finally:
        process.kill()
        await process.wait()


def written(file: SiteFile, folder: Path, **changed: str) -> Path:
    """Write a site's file, with a lane."""
    path, lanes = folder / "site.json", [{"name": "in", "direction": "enter", "fail_open": True}]
    path.write_text(json.dumps(msgspec.to_builtins(file) | {"lanes": lanes} | changed))
    return path


def test_a_platform_that_anybody_on_the_way_could_play_is_refused(file: SiteFile, tmp_path: Path) -> None:
    words = ["--site", str(written(file, tmp_path)), "--store", str(tmp_path / "store"), "--cloud"]
    for origin in ("http://city.example", "http://127.0.0.1.city.example", "city.example"):
        ended = CliRunner().invoke(gate, [*words, origin])
        assert (ended.exit_code, f"{origin} is not believed" in ended.output) == (2, True)


def test_a_camera_and_the_booth_have_two_tokens(file: SiteFile, tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="any camera could lift the arm"):
        read_site(written(file, tmp_path, token=file.booth_token))


@pytest.mark.case("PK-07")
async def test_kill_9_between_decision_and_sending_loses_and_doubles_nothing(file: SiteFile, tmp_path: Path) -> None:
    site, store = written(file, tmp_path), tmp_path / "store.sqlite"
    answered: list[str] = []

    async def drive(client: aiohttp.ClientSession, plate: str) -> None:
        async with client.post("/lanes/in/plates", json={"plate": plate}) as answer:
            answered.append((await answer.json())["event_id"])

    async with serving(Platform(SystemClock(), SECRET)) as platform:
        platform.away = True
        async with running(site, platform.origin, store) as (client, said):
            assert file.booth_token not in said
            driving = [asyncio.ensure_future(drive(client, plate)) for plate in plates(ASKED)]
            await until(lambda: len(answered) >= ANSWERED)
        await asyncio.gather(*driving, return_exceptions=True)
        assert platform.events == {}
        platform.away, platform.silent = False, True
        async with running(site, platform.origin, store, "--simulate") as (_, said):
            assert f"/#token={file.booth_token} " in said
            await until(lambda: len(platform.events) >= len(answered))
        platform.silent = False
        async with open_box(file, platform.origin, store, SystemClock(), follow=False) as box:
            assert box.passing.journal.waiting >= len(answered)
            await box.syncing.send()
            assert box.passing.journal.waiting == 0
    assert {*answered} <= {str(each) for each in platform.events}
    assert len(platform.batches) >= 2
