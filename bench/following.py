"""make bench NAME=following: how soon a published change of an entry is in the answers of two gateways.

From before the publication's transaction until both show the new text on the entry's own page and in a search. Four
ways: Redis announces it; the announcement is lost; Redis hangs; there is no Redis.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

import msgspec
from redis.asyncio import Redis

from bench.catalogue import ask
from bench.client import Client
from bench.machine import BenchError, free_port, take_the_machine, wait_until_listening
from bench.many_entries import generate
from bench.own_platform import Platform
from kernel.clock import SystemClock
from kernel.database import Database, open_database
from kernel.redis import open_redis
from kernel.settings import Settings, variable
from services_catalog.announcements import announce
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.generating import EDITOR, REVIEWER
from services_catalog.demo.organisations import CITY, Sizes, areas
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.words import LocalizedProse
from services_catalog.lifecycle.drafting import save_draft
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.publication import publish
from services_catalog.lifecycle.reviewing import approve
from services_catalog.lifecycle.submitting import submit

_LIMIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.002
_CLOCK = SystemClock()
_ASK = """{{ catalog {{ entry(code: "{code}") {{ summary {{ zh }} }}
  search(text: "{name}", district: "{district}", first: 100) {{ hits {{ entry {{ code summary {{ zh }} }} }} }} }} }}"""


class Rewriting:
    """One entry of the city, whose text is written anew again and again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        offices = departments(areas(sizes=Sizes(1, 1, 1, 1)), 30)
        self._item, self._entry = list(entries(offices, 1))
        self.ask = _ASK.format(code=self._entry.code, name=self._item.fields.name.zh, district=CITY)  # type: ignore[union-attr]  # the demonstration's items have names

    async def prepare(self, text: str) -> None:
        """Bring a new text as far as its publication."""
        fields = msgspec.structs.replace(self._entry.fields, summary=LocalizedProse(text))
        document: EntryDocument = msgspec.structs.replace(self._entry, fields=fields)
        async with self._database.session() as session:
            await save_draft(session, _CLOCK, EDITOR, document)
            await submit(session, _CLOCK, EDITOR, document.code, None)
            await approve(session, _CLOCK, REVIEWER, document.code)

    async def publish(self) -> int:
        async with self._database.session() as session:
            return await publish(session, _CLOCK, By(REVIEWER), self._entry.code, None)

    def shows(self, client: Client, text: str) -> bool:
        """Return whether a gateway answers the new text everywhere."""
        found = client.ask(self.ask)["data"]["catalog"]
        listed = [hit["entry"] for hit in found["search"]["hits"] if hit["entry"]["code"] == self._entry.code]
        return all(each["summary"]["zh"] == text for each in (found["entry"], *listed)) and bool(listed)


async def time_changes(settings: Settings, ports: list[int], number: int, *, announced: bool) -> list[float]:
    """Publish changes one after the other; return the milliseconds until both gateways showed each."""
    took = []
    async with open_database(settings) as database, open_redis(settings) as redis:
        rewriting = Rewriting(database)
        with Client(ports[0]) as one, Client(ports[1]) as other:
            rewriting.shows(one, "")  # the first question of a process loads the dictionary
            rewriting.shows(other, "")
            for _ in range(number):
                text = f"写于{time.time_ns()}"
                await rewriting.prepare(text)
                began = time.monotonic()
                revision = await rewriting.publish()
                if announced:
                    await announce(redis, revision)
                while not (rewriting.shows(one, text) and rewriting.shows(other, text)):
                    if time.monotonic() - began > _LIMIT_SECONDS:
                        raise BenchError(f"not shown after {_LIMIT_SECONDS:.0f} s")
                    time.sleep(_PAUSE_SECONDS)  # noqa: ASYNC251 - nothing else runs in this loop
                took.append((time.monotonic() - began) * 1000)
    return took


@contextmanager
def hanging(settings: Settings) -> Iterator[None]:
    """Stop Redis without ending it."""

    async def process() -> int:
        async with Redis.from_url(settings.redis_url) as redis:
            return int((await redis.info("server"))["process_id"])

    pid = asyncio.run(process())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def measure(name: str, settings: Settings, ports: list[int], number: int, *, announced: bool) -> None:
    """Measure one way and print it."""
    took = asyncio.run(time_changes(settings, ports, number, announced=announced))
    p99 = quantiles(took, n=100, method="inclusive")[98]
    print(f"{name:24} p50 {median(took):5.0f} ms, p99 {p99:5.0f} ms, most {max(took):5.0f} ms", flush=True)


def gateways(running: ExitStack, platform: Platform, folder: Path, **variables: str) -> list[int]:
    """Start two gateways for the length of ``running`` and return their ports."""
    ports = [free_port(), free_port()]
    for port in ports:
        log, given = folder / f"{port}.log", {variable(name): value for name, value in variables.items()}
        wait_until_listening(running.enter_context(platform.gateway(port, core="0,1", log=log, variables=given)), port)
        ask(port, {"query": "{catalog{search(first:1){total}}}"}, 900)  # it listens before it can answer
    return ports


def contest(platform: Platform, folder: Path, number: int) -> None:
    """Measure all ways; two gateways that have Redis, then two that have none."""
    with ExitStack() as running:
        ports = gateways(running, platform, folder)
        measure("announced", platform.settings, ports, number, announced=True)
        measure("announcement lost", platform.settings, ports, number, announced=False)
        with hanging(platform.settings):
            measure("Redis hangs", platform.settings, ports, number, announced=False)
    with ExitStack() as running:
        ports = gateways(running, platform, folder, redis_url="unix:///nowhere/valkey.sock")
        measure("no Redis", platform.settings, ports, number, announced=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench NAME=following", description=__doc__)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--changes", type=int, default=100)
    options = parser.parse_args()
    take_the_machine()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-bench-")))
        platform = Platform(running)
        generate(platform, options.services, options.nodes)
        contest(platform, folder, options.changes)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(str(error))
