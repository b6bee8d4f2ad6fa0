"""make bench NAME=gate: how long an arm waits for the box of its site, over local HTTP, with the platform stopped.

1,000 vehicles are inside; half of the cars enter and half leave, charged by their tariff, on a lane that fails closed.
Pass codes are each shown for the first time. The limit is one synced insert into SQLite on the same disk, which every
decision has to wait for. The box has core 0; its store is on the disk of --folder.
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.machine import GATEWAY_CORE, BenchError, Program, cpu_seconds, free_port, wait_until_listening
from bench.parking_fees import BANDS
from bench.report import conditions
from flows.codes import key_sets, pass_codes, revocations
from flows.codes.key_sets import LISTS, KeySet, PublicKey
from flows.codes.offline import ClockState
from flows.codes.revocations import RevocationList
from flows.gate.box import open_box
from flows.gate.learning import Learning
from flows.gate.site_file import SiteFile
from flows.gate.store import connected
from flows.parking.site_snapshot import SiteLane, SiteLot, SiteSession, SiteSnapshot, SiteTariff, known_as
from kernel.clock import SystemClock

OUT = Path(__file__).parent / "out" / "gate.json"
INSIDE = 1000
PACE, AT_ONCE = 20, 8  # events a second of a busy site with eight lanes; requests in flight when it is full
_NOWHERE = "http://127.0.0.1:9"  # the platform is stopped
_CLOCK = SystemClock()
_SIGNER = Ed25519PrivateKey.generate()
_PARKING, _LISTS = b"\x01\x01", b"\x02\x01"
_SITE = SiteFile(
    lot=uuid4(),
    device=uuid4(),
    secret=secrets.token_urlsafe(),
    token=secrets.token_urlsafe(),
    booth_token=secrets.token_urlsafe(),
    list_key=f"{_LISTS.hex()}:{_SIGNER.public_key().public_bytes_raw().hex()}",
)
Request = tuple[str, dict[str, Any]]


def plate(number: int) -> str:
    """Return a plate of seven signs."""
    return f"沪{'ABCDEFGHJK'[number // 100_000 % 10]}{number % 100_000:05d}"


async def prepare(store: Path) -> None:
    """Have the store know what a platform would have said."""
    now = _CLOCK.now()
    keys = KeySet(
        1,
        [PublicKey(_PARKING, "parking", _SIGNER.public_key()), PublicKey(_LISTS, LISTS, _SIGNER.public_key())],
    )
    async with open_box(_SITE, _NOWHERE, store, _CLOCK, follow=False) as box:
        learning: Learning = box.syncing.learning
        await learning.learn(msgspec.json.encode(_snapshot(now)), 0)
        await learning.keep_time(ClockState(timedelta(0), now))
        await box.passing.scanner.learn_keys(key_sets.signed(keys, now, _SIGNER, _LISTS), now)
        revoked = RevocationList(1, now, (secrets.token_bytes(8) for _ in range(100_000)))
        await box.passing.scanner.learn_revoked(revocations.signed(revoked, _SIGNER, _LISTS), now)


def _snapshot(now: datetime) -> SiteSnapshot:
    tariff = {"free": {"minutes": 15}, "rates": [{"bands": BANDS, "cap_fen": 8000}]}
    entered = [now - timedelta(minutes=number % 600) for number in range(INSIDE)]
    return SiteSnapshot(
        revision="1",
        at=now,
        complete=True,
        lot=SiteLot(id=_SITE.lot, code="1", name_zh="车库", kind="garage", spaces=2000),
        lanes=(
            SiteLane(name="in", direction="enter", fail_open=True, mine=True),
            SiteLane(name="out", direction="exit", fail_open=False, mine=True),
        ),
        tariffs=(SiteTariff(id=uuid4(), name="1", valid_from=datetime(2020, 1, 1, tzinfo=UTC), data=tariff),),
        sessions=tuple(
            SiteSession(id=uuid4(), who=known_as(_SITE.lot, f"plate:{plate(number)}"), open=True, entered_at=at)
            for number, at in enumerate(entered)
        ),
    )


def cars() -> Iterator[Request]:
    """One car enters, one leaves."""
    number = 0
    while True:
        yield "/lanes/in/plates", {"plate": plate(10_000 + number), "colour": "blue"}
        yield "/lanes/out/plates", {"plate": plate(number % INSIDE), "colour": "blue"}
        number += 1


def codes() -> Iterator[Request]:
    """Residents enter by pass codes."""
    while True:
        text = pass_codes.issue(_SIGNER, _PARKING, secrets.token_bytes(16), _CLOCK.now(), secrets.token_bytes(8))
        yield "/lanes/in/codes", {"text": text}


async def ask(client: aiohttp.ClientSession, request: Request) -> float:
    """Return the milliseconds of one decision."""
    began = time.perf_counter()
    async with client.post(request[0], json=request[1]) as answer:
        said = await answer.json()
    took = (time.perf_counter() - began) * 1000
    if said.get("decision") not in ("open", "pay"):
        raise BenchError(f"{request} is answered {said}")
    return took


async def paced(client: aiohttp.ClientSession, requests: Iterator[Request], number: int) -> list[float]:
    """Ask at the pace of a busy site, however long each takes."""
    asking = []
    for _ in range(number):
        asking.append(asyncio.create_task(ask(client, next(requests))))
        await asyncio.sleep(1 / PACE)
    return list(await asyncio.gather(*asking))


async def full(client: aiohttp.ClientSession, requests: Iterator[Request], number: int) -> list[float]:
    """Ask as fast as answers come, so many at once."""
    prepared = iter([next(requests) for _ in range(number)])
    took: list[float] = []

    async def worker() -> None:
        took.extend([await ask(client, request) for request in prepared])

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return took


async def measure(port: int, pid: int, number: int) -> dict[str, dict[str, float]]:
    """Measure each load on each kind of request."""
    figures: dict[str, dict[str, float]] = {}
    headers = {"authorization": f"Bearer {_SITE.token}"}
    kinds: dict[str, Callable[[], Iterator[Request]]] = {"cars": cars, "codes": codes}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
        for name, made in kinds.items():
            for load, run, times in ((f"{PACE} a second", paced, number), (f"{AT_ONCE} at once", full, 5 * number)):
                requests = made()
                await full(client, requests, AT_ONCE)
                began, cpu = time.perf_counter(), cpu_seconds(pid)
                took = await run(client, requests, times)
                seconds, used = time.perf_counter() - began, cpu_seconds(pid) - cpu
                figures[f"{name}, {load}"] = {
                    "per_second": round(times / seconds, 1),
                    "per_cpu_second": round(times / used, 1),
                    **_percentiles(took),
                }
    return figures


def synced_inserts(path: Path, number: int) -> dict[str, float]:
    """Return what one synced insert takes on this disk: the limit."""
    connection, took = connected(path), []
    for _ in range(number):
        began = time.perf_counter()
        connection.execute("INSERT INTO kept VALUES (?, ?)", (uuid4().hex, b"x" * 400))
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return _percentiles(took)


def _percentiles(took: list[float]) -> dict[str, float]:
    return {"p50_ms": round(median(took), 2), "p99_ms": round(quantiles(took, n=100)[98], 2)}


def main() -> None:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    parser.add_argument("--folder", type=Path, help="where the store is; else a temporary folder")
    given = parser.parse_args()
    number = 40 if given.quick else 600
    with tempfile.TemporaryDirectory(prefix="gate-", dir=given.folder) as made:
        folder, port = Path(made), free_port()
        limit = synced_inserts(folder / "limit.sqlite", number)
        (folder / "site.json").write_bytes(msgspec.json.encode(_SITE))
        asyncio.run(prepare(folder / "store.sqlite"))
        command = [sys.executable, "-m", "cli.main", "gate", "--site", str(folder / "site.json"), "--port", str(port)]
        command += ["--cloud", _NOWHERE, "--store", str(folder / "store.sqlite")]
        with Program(command, core=GATEWAY_CORE, log=folder / "log") as program:
            wait_until_listening(program, port)
            figures = asyncio.run(measure(port, program.pid, number))
    for name, each in figures.items():
        print(f"{name:20} " + "  ".join(f"{key} {value:8.2f}" for key, value in each.items()))
    print(f"{'a synced insert':20} " + "  ".join(f"{key} {value:8.2f}" for key, value in limit.items()))
    OUT.parent.mkdir(exist_ok=True)
    found = {"conditions": conditions({"number": number}), "figures": figures, "limit": limit}
    OUT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
