"""make bench NAME=parking_month: a month of a town's parking with every fault, and every fen accounted for at the end.

The real recording, quoting, paying, callbacks, queries, refunds and reconciliation in a gateway's process and a
worker's, over the real PostgreSQL and Valkey, on a moved clock. Hosts answer by the channel's interface, not by HTTP.
--kills ends processes and servers by SIGKILL on the way. It ends with 1 if the ledger, the hosts' bills and the sites'
logs differ by a fen, or a session is lost or doubled.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.month.kills import Servers
from bench.month.play import Progress, played, report
from bench.month.town import month
from bench.report import conditions
from kernel.clock import CHINA
from kernel.embedded.servers import start_missing, stop, with_urls
from kernel.settings import Settings
from migrations.upgrade import upgrade

_FAST = ("fsync=off", "full_page_writes=off")  # processes die here, machines do not (bench.month.kills)
OUT = Path(__file__).parent / "out" / "parking_month.json"


def show(found: dict[str, Any]) -> None:
    """Print the report."""
    for name, value in found.items():
        if name == "shown":
            continue
        if not isinstance(value, dict):
            print(f"{name:<24}{value:>14,}")
            continue
        print(name.replace("_", " ") + (":" if value else ": none"))
        for key, each in value.items():
            print(f"    {key:<40}{each:>14,}")
    for line in found["shown"]:
        print(f"  ! {line}")


def told(progress: Progress) -> None:
    """Say how far it is."""
    at = progress.at.astimezone(CHINA)
    print(
        f"{progress.seconds:7.0f} s  {at:%m-%d %H:%M}  {progress.entered} cars entered, {progress.tasks} tasks done",
        flush=True,
    )


async def run(settings: Settings, killed: Servers, plan: argparse.Namespace) -> dict[str, Any]:
    """Play in a fresh database."""
    await upgrade(settings.database_url)
    killing = (killed, plan.kills) if plan.kills else None
    async with played(settings, month(plan.sessions, plan.days, plan.seed), told, killing) as over:
        return await report(over)


def main() -> int:
    """Play, print, and write it for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, default=0, help="how often a process or a server is killed on the way")
    parser.add_argument("--quick", action="store_true", help="a small town for two days, to see that everything runs")
    plan = parser.parse_args()
    if plan.quick:
        plan.sessions, plan.days = 200, 2
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        settings = Settings(state_dir=folder)
        servers = Servers(settings, _FAST, start_missing(settings, _FAST))
        try:
            found = asyncio.run(run(with_urls(settings, [*servers.running.values()]), servers, plan))
        finally:
            stop([*servers.running.values()])
    show(found)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"conditions": conditions(vars(plan)), **found}, indent=2, ensure_ascii=False) + "\n")
    if found["differences"]:
        print("DIFFERENCES: not every fen is accounted for")
        return 1
    print("every fen is accounted for: ledger = hosts' bills = sites' logs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
