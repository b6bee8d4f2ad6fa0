"""A site's box, put together: its store opened, what was kept read, and the platform followed in the background."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct

from flows.gate.cloud import Cloud, open_cloud
from flows.gate.inside import Inside
from flows.gate.journal import Journal
from flows.gate.learning import Learning
from flows.gate.passing import Passing
from flows.gate.scanning import Scanner
from flows.gate.site import Site
from flows.gate.site_file import SiteFile
from flows.gate.store import open_store
from flows.gate.syncing import Syncing
from kernel.clock import Clock, SteadyClock

_log = logging.getLogger(__name__)


class Box(Struct, frozen=True):
    """What serves it needs. ``simulated``: it is a demonstration, so that its line may be cut."""

    file: SiteFile
    site: Site
    passing: Passing
    cloud: Cloud
    syncing: Syncing
    clock: Clock
    simulated: bool


@asynccontextmanager
async def open_box(
    file: SiteFile, origin: str, path: Path, clock: SteadyClock, *, follow: bool = True, simulated: bool = False
) -> AsyncIterator[Box]:
    """Yield a box that decides. ``follow`` false: nobody sends or fetches but who calls ``syncing``."""
    store = open_store(path)
    try:
        async with open_cloud(origin, file, clock) as cloud:
            inside, scanner = Inside(file.lot), Scanner(file, store, cloud)
            journal = Journal(store, inside, str(file.device), clock)
            passing = Passing(file, (inside, journal, scanner, cloud), clock)
            learning = Learning(passing, store)
            await learning.open()
            await journal.open()
            await scanner.open(clock.now())
            syncing = Syncing(passing, store, learning)
            box = Box(file, Site(passing), passing, cloud, syncing, clock, simulated)
            following = asyncio.create_task(syncing.run()) if follow else None
            if following is not None:
                following.add_done_callback(_end)
            try:
                yield box
            finally:
                if following is not None:
                    following.cancel()
                    with suppress(asyncio.CancelledError):
                        await following
    finally:
        await store.close()


def _end(following: "asyncio.Task[None]") -> None:
    """End the process if nobody follows the platform any more: whoever watches over it starts it again."""
    if not following.cancelled():
        _log.critical("the site follows the platform no more", exc_info=following.exception())
        signal.raise_signal(signal.SIGTERM)
