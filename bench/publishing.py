"""Publishes made-up services through one gateway process and times how soon another one serves them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import Client
from bench.machine import BenchError, free_port, wait_until_listening
from bench.own_platform import Platform
from bench.upstream.generated import generated

EDITIONS = 10  # publications that are timed at each size
_AT_ONCE = 2  # as many compilers as one gateway process runs
_LIVE_SECONDS = 30.0
_POLL_SECONDS = 0.005
_ANY_CORE = "0,1"  # a publication is not compared with anything, so it may use the whole machine


@dataclass(frozen=True)
class Timing:
    """One publication, from its sending: until it was answered, and until another gateway process served it."""

    answered_seconds: float
    live_seconds: float


def service_name(number: int) -> str:
    """Name a made-up service."""
    return f"service{number:04}"


class Publishers:
    """Two gateway processes over one database: one takes publications, the other is watched."""

    def __init__(self, platform: Platform, upstream: str, folder: Path) -> None:
        self._platform = platform
        self._upstream = upstream
        self._folder = folder
        self._taking = self._watched = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run both for the length of the block; afterwards nobody is connected to the database."""
        with ExitStack() as stack:
            self._taking, self._watched = (self._start(stack, role) for role in ("taking", "watched"))
            yield

    def grow(self, first: int, end: int) -> float:
        """Publish the services from number ``first`` to before ``end``, two at once; return the seconds it took."""
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(self._publish, range(first, end)), first + 1):
                if done % 50 == 0:
                    print(f"published {done} services, {time.monotonic() - began:.0f} s", flush=True)
        return time.monotonic() - began

    def time_editions(self, number: int) -> list[Timing]:
        """Publish new editions of one service, one after the other, and wait for each in the watched process."""
        with Client(self._watched) as client:
            return [self._timed(client, number, edition) for edition in range(1, EDITIONS + 1)]

    def _start(self, stack: ExitStack, role: str) -> int:
        port = free_port()
        log = self._folder / f"{role}.log"
        wait_until_listening(stack.enter_context(self._platform.gateway(port, core=_ANY_CORE, log=log)), port)
        return port

    def _publish(self, number: int, edition: int = 0) -> None:
        name = service_name(number)
        upstream = f"{self._upstream}/{name}"
        self._platform.submit(self._taking, name, upstream, generated(name, upstream, edition))

    def _timed(self, client: Client, number: int, edition: int) -> Timing:
        query = f'{{ {service_name(number)} {{ probe{edition}(id: "f1000000") {{ capacity }} }} }}'
        if "errors" not in client.ask(query):
            raise BenchError(f"probe{edition} is served before it is published")
        began = time.monotonic()
        self._publish(number, edition)
        answered = time.monotonic() - began
        while "errors" in (answer := client.ask(query)):
            if time.monotonic() - began > _LIVE_SECONDS:
                raise BenchError(f"not live after {_LIVE_SECONDS:.0f} s: {answer}")
            time.sleep(_POLL_SECONDS)
        return Timing(answered, time.monotonic() - began)
