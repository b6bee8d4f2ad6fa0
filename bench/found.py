"""make bench NAME=found: a thousand services go through the real flow, and each is asked for in every way at a gateway.

Prints how long publishing took, and by kind of question how many of the services were found, and on the first screen of
ten. Exits with 1 if one was not found. ARGS="--services 1000 --departments 33 --nodes 6000" is the default.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import aiohttp

from bench.machine import GATEWAY_CORE, BenchError, free_port, wait_until_listening
from bench.own_platform import Platform
from cli.demo import sizes
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.finding import Asked, Page, Report, find_all
from services_catalog.demo.organisations import areas
from services_catalog.demo.questions import Wanted, wanted

_SECONDS = 1_800  # a busy machine publishes three services a second, a free one ten
_SEARCH = """
    query ($district: String, $text: String, $topic: String, $first: Int, $after: String) { catalog {
      search(district: $district, text: $text, topic: $topic, first: $first, after: $after) {
        hits { cursor entry { code } }
      }
    } }
"""


def expected(services: int, kinds: int, nodes: int) -> list[Wanted]:
    """Return what `yiwang demo generate` of these numbers has published."""
    documents = {each.code: each for each in entries(departments(areas(sizes=sizes(nodes)), kinds), services)}
    return [wanted(documents[each.parent], each) for each in documents.values() if each.parent is not None]


async def ask(port: int, everything: list[Wanted]) -> Report:
    """Ask a gateway for everything."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:

        async def search(asked: Asked) -> Page:
            variables = {name: getattr(asked, name) or None for name in asked.__struct_fields__}
            async with http.post("/graphql", json={"query": _SEARCH, "variables": variables}) as response:
                answer = await response.json()
            if "errors" in answer:
                raise BenchError(f"wrong: {answer['errors'][:2]}")
            hits = answer["data"]["catalog"]["search"]["hits"]
            return Page(tuple(hit["entry"]["code"] for hit in hits), hits[-1]["cursor"] if hits else "")

        return await find_all(search, everything)


def main() -> None:
    """Publish, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--departments", type=int, default=33)
    parser.add_argument("--nodes", type=int, default=6000)
    options = parser.parse_args()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-bench-")))
        platform = Platform(running)
        began = time.monotonic()
        numbers = [f"--{name}={value}" for name, value in vars(options).items()]
        platform.command("demo", "generate", *numbers, seconds=_SECONDS)
        everything = expected(options.services, options.departments, options.nodes)
        offices = {each.code.partition("-")[2] for each in everything}
        kinds = {each.rpartition("-")[2] for each in offices}
        took = time.monotonic() - began
        print(f"{len(everything):,} services of {len(offices)} offices ({len(kinds)} departments): {took:.0f} s")
        port = free_port()
        gateway = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=folder / "gateway.log"))
        wait_until_listening(gateway, port)
        began = time.monotonic()
        report = asyncio.run(ask(port, everything))
        _show(report, time.monotonic() - began)
        if report.missed:
            sys.exit(1)


def _show(report: Report, took: float) -> None:
    print(f"{'by':14} {'asked':>6} {'found':>6} {'of the first ten':>17}")
    for kind, asked in report.asked.items():
        first = report.first[kind] / asked
        print(f"{kind:14} {asked:6,} {report.found[kind]:6,} {first:17.1%}")
    print(f"asked in {took:.0f} s")
    for code, kind, question in report.missed[:20]:
        print(f"missed: {code} by {kind} {question!r}")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(str(error))
