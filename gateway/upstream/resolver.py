"""Names to checked addresses, remembered for a few seconds, looked up once at a time per name."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from kernel.networks import Network, look_up, resolve

_TTL_SECONDS = 10.0  # departments move by changing DNS; it is asked for new connections only
_THREADS = 32  # getaddrinfo blocks: so many dead name servers may hang at once without delaying a living one

_Key = tuple[str, int, tuple[Network, ...]]
_LookUp = asyncio.Task[tuple[str, ...]]


class Resolver:
    """Shared by all upstreams of a process. ``look_up`` blocks in a thread of its own."""

    def __init__(self, look_up: Callable[[str, int], Iterable[str]] = look_up) -> None:
        self._look_up = look_up
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")
        self._known: dict[_Key, tuple[float, _LookUp]] = {}

    async def addresses(self, host: str, port: int, allowed: Collection[Network]) -> tuple[str, ...]:
        """As ``kernel.networks.resolve``. A caller that is cancelled leaves the look-up to the others."""
        key = (host, port, tuple(allowed))
        now = asyncio.get_running_loop().time()
        expires, task = self._known.get(key, (0.0, None))
        if task is None or (task.done() and expires < now):
            task = asyncio.create_task(resolve(host, port, key[2], self._executor, self._look_up))
            task.add_done_callback(lambda done: self._forget_failure(key, done))
            self._drop_expired(now)
            self._known[key] = (now + _TTL_SECONDS, task)
        return await asyncio.shield(task)

    def _drop_expired(self, now: float) -> None:
        for key in [key for key, (expires, task) in self._known.items() if task.done() and expires < now]:
            del self._known[key]

    def _forget_failure(self, key: _Key, task: _LookUp) -> None:
        if task.cancelled() or task.exception() is not None:
            self._known.pop(key, None)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
