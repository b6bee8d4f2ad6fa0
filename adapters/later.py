"""What is done beside the calls that make it due: tasks that end when whoever began them does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Later:
    """Tasks of the running loop. ``failed`` is told of a task that failed, and what by."""

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = failed

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
            self._failed(f"{type(error).__name__}: {error}")
