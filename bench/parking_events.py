"""make bench NAME=parking_events: gate events recorded a second, one by one and by 500, beside a bare insert.

The peer is the least that recording must do: a transaction that inserts the event and nothing else.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import msgspec

from bench.report import conditions
from flows.parking.event_ids import event_id_of
from flows.parking.recording import record
from flows.parking.tables import ParkingLane, ParkingLot, ParkingOperator, ParkingTariff
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database, open_database
from kernel.embedded import servers
from kernel.ids import uuid7
from kernel.settings import Settings
from migrations.upgrade import upgrade

OUT = Path(__file__).parent / "out" / "parking_events.json"
START = datetime(2026, 11, 2, 1, tzinfo=UTC)
BANDS = [
    {"name": "day", "begin": "07:00", "end": "22:30", "unit": {"minutes": 30, "fen": 1000}},
    {"name": "night", "begin": "22:30", "end": "07:00", "unit": {"minutes": 60, "fen": 100}, "cap_fen": 1000},
]
TARIFF = {"free": {"minutes": 15}, "rates": [{"bands": BANDS, "cap_fen": 8000}]}
ENTERED = 600  # vehicles of a full garage
_BARE = """
    INSERT INTO parking_event (id, device_id, event_id, seq, lot_id, kind, occurred_at, received_at, opened, decision,
        reason, due_fen, raw)
    VALUES ($1, 'bare', $1, $2, $3, 'enter', $4, $4, true, 'open', '', 0, $5)
"""


class Site:
    """A garage whose vehicles come and go."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self.database, self.keys = database, keys
        self.clock = ManualClock(START)
        self.seq = 0
        self.rng = random.Random(7)  # noqa: S311 - a workload, no secret
        self.inside: list[str] = []
        self.lot = UUID(int=0)

    async def build(self) -> None:
        """Make the lot, and fill it."""
        lot = ParkingLot(
            operator_id="bench", code="1", name_zh="车库", kind="garage", latitude=31.2, longitude=121.4,
            spaces=ENTERED, tariff="bench", pays_later=True, created_at=START,
        )  # fmt: skip
        self.lot = lot.id
        async with self.database.session() as session:
            session.add(ParkingOperator(id="bench", name_zh="车库公司", created_at=START))
            await session.flush()
            session.add(lot)
            session.add(
                ParkingTariff(
                    operator_id="bench", code="bench", version=1, data=TARIFF, valid_from=START,
                    published_at=START, published_by="staff:1",
                )
            )  # fmt: skip
            await session.flush()
            session.add(ParkingLane(lot_id=lot.id, name="enter", device_id="box", direction="enter"))
            session.add(ParkingLane(lot_id=lot.id, name="exit", device_id="box", direction="exit"))
        for _ in range(ENTERED // 100):
            await self.send([self.event("enter") for _ in range(100)])

    def event(self, kind: str) -> bytes:
        """The next vehicle in or out, one of fifty misread at the exit."""
        self.seq += 1
        self.clock.advance(timedelta(seconds=20))
        if kind == "enter":
            plate = f"沪B{self.rng.randrange(100_000):05}"
            self.inside.append(plate)
        else:
            plate = self.inside.pop(self.rng.randrange(len(self.inside)))
            if self.rng.random() < 0.02:
                plate = plate[:-1] + "X"
        told = {"event_id": str(uuid7()), "seq": self.seq, "lane": kind, "kind": kind, "plate": plate}
        return msgspec.json.encode(told | {"occurred_at": self.clock.now().isoformat(), "plate_color": "blue"})

    def pair(self) -> list[bytes]:
        return [self.event("enter"), self.event("exit")]

    async def send(self, events: list[bytes]) -> None:
        async with self.database.session() as session:
            await record(session, self.clock, self.keys, "box", events)

    async def bare(self, raw: bytes) -> None:
        """Insert an event and commit, past the ORM."""
        made, now = event_id_of("bare", uuid7(), self.clock.now()), self.clock.now()
        async with self.database.pool.acquire() as connection, connection.transaction():
            await connection.execute(_BARE, made, self.seq, self.lot, now, raw)


async def timed(work: Callable[[], Awaitable[None]], times: int) -> dict[str, float]:
    """Do it so often; CPU milliseconds each, and how long each took."""
    took, cpu = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(took, n=100)
    return {"cpu_ms": (time.process_time() - cpu) * 1000 / times, "p50_ms": cuts[49], "p99_ms": cuts[98]}


async def run(settings: Settings, times: int) -> dict[str, dict[str, float]]:
    """Measure in a fresh database."""
    await upgrade(settings.database_url)
    async with open_database(settings) as database:
        site = Site(database, open_keys(settings))
        await site.build()

        async def bare() -> None:
            await site.bare(site.event("enter"))
            site.inside.pop()

        async def enters() -> None:
            await site.send([site.event("enter")])

        async def leaves() -> None:
            await site.send([site.event("exit")])

        async def batch() -> None:
            await site.send([event for _ in range(250) for event in site.pair()])

        await timed(enters, 20)
        return {
            "a bare insert": await timed(bare, times),
            "an entry": await timed(enters, times),
            "an exit that asks": await timed(leaves, times),
            "500 events of an offline gate": await timed(batch, max(times // 100, 2)),
        }


def main() -> None:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    plan = {"times": 50 if parser.parse_args().quick else 400}
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder,
        servers(Settings(state_dir=folder, redis_url="unused")) as settings,  # durable: fsync as in production
    ):
        figures = asyncio.run(run(settings, **plan))
    for name, found in figures.items():
        print(
            f"{name:30} {found['cpu_ms']:8.2f} ms CPU   p50 {found['p50_ms']:7.1f} ms   p99 {found['p99_ms']:7.1f} ms"
        )
    OUT.parent.mkdir(exist_ok=True)
    rounded = {name: {key: round(value, 2) for key, value in found.items()} for name, found in figures.items()}
    OUT.write_text(json.dumps({"conditions": conditions(plan), "figures": rounded}, indent=2) + "\n")


if __name__ == "__main__":
    main()
