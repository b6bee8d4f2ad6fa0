"""The fixtures of the tests of a site's box."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis

from flows.gate.box import Box, open_box
from flows.gate.site_file import SiteFile
from flows.parking.recording import record
from flows.parking.site_logs.reconciling import HandedIn, hand_in
from flows.parking.site_reading import snapshot
from flows.parking.site_snapshot import SiteSnapshot
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.codes.issued import LIST, LIST_KID
from tests.gate.platform import LOT, Platform, serving
from tests.parking.lots import Lot
from tests.parking.tariffs import at

SECRET = "a secret of a device that is long"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(at("11-02 09:00"))


@pytest.fixture
def file() -> SiteFile:
    return SiteFile(
        lot=LOT,
        device=UUID(int=1),
        secret=SECRET,
        token="a-token-of-the-site",
        booth_token="a-token-of-the-booth",
        list_key=f"{LIST_KID.hex()}:{LIST.public_key().public_bytes_raw().hex()}",
        barred=("沪B00001",),
    )


@pytest.fixture
async def platform(clock: ManualClock) -> AsyncIterator[Platform]:
    async with serving(Platform(clock, SECRET)) as served:
        yield served


@pytest.fixture
async def box(platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Box]:
    """A box that has just heard the platform; from here on only the test lets it send and fetch."""
    async with open_box(file, platform.origin, tmp_path / "store.sqlite", clock, follow=False) as opened:
        await heard(opened)
        yield opened


async def heard(box: Box) -> None:
    """Have the box fetch everything."""
    await box.syncing.beat()
    await box.syncing.fetch_snapshot()
    await box.syncing.fetch_lists()


@pytest.fixture
async def lot(settings: Settings, database: Database, redis: Redis) -> Lot:
    """A lot of the real platform."""
    attach_outbox(database, redis)
    made = Lot(settings, database, redis, open_keys(settings))
    await made.build()
    return made


@pytest.fixture
async def at_lot(platform: Platform, lot: Lot, file: SiteFile) -> SiteFile:
    """The file of a box at the real platform: what it sends is recorded there, and snapshots come from there."""

    async def keep(raw: list[bytes]) -> list[dict[str, Any]]:
        async with lot.database.session() as session:
            answers = await record(session, lot.clock, lot.keys, "box", raw)
        return [msgspec.to_builtins(each) for each in answers]

    async def tell(after: str) -> SiteSnapshot:
        async with lot.database.session() as session:
            return await snapshot(lot.deps(session), "box", after)

    async def take(log: bytes) -> HandedIn:
        async with lot.database.session() as session:
            return await hand_in(session, lot.clock, "box", log)

    platform.clock, platform.keep, platform.tell, platform.take = lot.clock, keep, tell, take
    return msgspec.structs.replace(file, lot=lot.row.id)
