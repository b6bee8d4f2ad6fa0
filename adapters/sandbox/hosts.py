"""What a sandbox is made of; its host apps and their keys, which are no secrets, are in ``development``."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct

from adapters.sandbox.clock import MovableClock
from adapters.sandbox.development import IDENTITY_KEY, development_hosts
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.identity import SimulatedIdentity
from adapters.sandbox.world import World
from kernel.clock import Clock


class Sandbox(Struct, frozen=True):
    """What one sandbox is made of."""

    world: World
    clock: MovableClock
    hosts: Sequence[SimulatedHost]
    identity: SimulatedIdentity
    later: "Later"


class Later:
    """What simulators do later: tasks of the running loop, whose failures become events."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed: Callable[[str], None] = lambda _: None

    def spawn(self, work: Coroutine[Any, Any, None]) -> object:
        """Start a task now."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """End what is not done yet."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(f"{type(error).__name__}: {error}")


def build_sandbox(
    clock: Clock, seed: int, hosts: Callable[[World], Sequence[SimulatedHost]] = development_hosts
) -> Sandbox:
    """Make a sandbox with the clock that its own runs by; ``seed`` decides everything that looks random."""
    moved, later = MovableClock(clock), Later()
    world = World(moved, seed, later.spawn)
    later.failed = lambda why: world.note("sandbox", "a later happening", f"failed: {why}")
    return Sandbox(world, moved, tuple(hosts(world)), SimulatedIdentity(world, IDENTITY_KEY), later)
