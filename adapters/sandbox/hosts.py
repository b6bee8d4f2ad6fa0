"""Which host apps a sandbox has. The keys are no secrets: docs/sandbox.md prints them."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from adapters.sandbox.clock import MovableClock
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.identity import SimulatedIdentity
from adapters.sandbox.web import SimulatedWeb
from adapters.sandbox.wechat.apps import SimulatedApp
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.signed_json import SigningKey
from kernel.clock import Clock

SMS_KEY = SigningKey("sandbox-sms", b"sandbox-sms-secret")
IDENTITY_KEY = SigningKey("sandbox-identity", b"sandbox-identity-secret")
DEVELOPMENT: Mapping[str, str] = {"web": "web", "wechat": "wx00000000sandbox1"}
"""The app of each host that every sandbox has; the web's first, so that the page begins with it."""

_NAME = "一网 Yiwang"
_OWNER = "the city"
_PAGES = frozenset({"pages/index/index"})
_WECHAT_SECRET = "0sandbox" * 4


def simulated_hosts(world: World) -> list[SimulatedHost]:
    """Return every simulated host app. A new one adds its line here."""
    return [
        SimulatedWeb(world, SMS_KEY, apps={DEVELOPMENT["web"]: _NAME}),
        SimulatedWeChat(
            world,
            [SimulatedApp(app_id=DEVELOPMENT["wechat"], name=_NAME, secret=_WECHAT_SECRET, owner=_OWNER, pages=_PAGES)],
        ),
    ]


def development_apps(origin: str) -> bytes:
    """Return the file of host apps (``adapters.apps``) of a deployment whose hosts are a sandbox at ``origin``."""
    sms = {"url": f"{origin}/web/sms", "key_id": SMS_KEY.id, "secret": SMS_KEY.secret.decode()}
    apps = [
        {"provider": "web", "app": {"app_id": DEVELOPMENT["web"], "base_url": f"{origin}/web"}, "sms": sms},
        {
            "provider": "wechat",
            "owner": _OWNER,
            "url": f"{origin}/wechat",
            "app": {"app_id": DEVELOPMENT["wechat"], "secret": _WECHAT_SECRET},
        },
    ]
    return msgspec.json.format(msgspec.json.encode({"apps": apps}))


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
