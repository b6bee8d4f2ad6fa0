"""Which host apps a sandbox has. The keys are no secrets: docs/sandbox.md prints them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct

from adapters.sandbox.clock import MovableClock
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.identity import SimulatedIdentity
from adapters.sandbox.web import SimulatedWeb
from adapters.sandbox.world import World
from adapters.signed_json import SigningKey
from kernel.clock import Clock

SMS_KEY = SigningKey("sandbox-sms", b"sandbox-sms-secret")
IDENTITY_KEY = SigningKey("sandbox-identity", b"sandbox-identity-secret")


def simulated_hosts(world: World) -> list[SimulatedHost]:
    """Return every simulated host app. A new one adds its line here."""
    return [
        SimulatedWeb(world, SMS_KEY, apps={"web": "一网 Yiwang"}),
    ]


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
    clock: Clock, seed: int, hosts: Callable[[World], Sequence[SimulatedHost]] = simulated_hosts
) -> Sandbox:
    """Make a sandbox with the clock that its own runs by; ``seed`` decides everything that looks random."""
    moved, later = MovableClock(clock), Later()
    world = World(moved, seed, later.spawn)
    later.failed = lambda why: world.note("sandbox", "a later happening", f"failed: {why}")
    return Sandbox(world, moved, tuple(hosts(world)), SimulatedIdentity(world, IDENTITY_KEY), later)
