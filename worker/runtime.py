"""One event-loop thread for all tasks of a worker process, with the database, Redis and the host apps opened on it.

An engine belongs to one loop: a loop for each task would mean a connection for each task, and a shared engine breaks.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import uvloop

from adapters.apps import OpenApps, open_channels, read_apps
from adapters.parking_products import OpenParking, open_parking
from adapters.web.sms import open_sms
from auth.sessions.ended import attach_ended
from flows.appointments.hall.watching import attach_halls
from flows.appointments.watching import attach_appointments
from flows.parking.watching import attach_parking
from kernel.celery import TaskContext
from kernel.clock import SystemClock
from kernel.database import open_database
from kernel.outbox import attach_outbox
from kernel.redis import open_redis
from kernel.settings import Settings


class LoopThread:
    """Runs coroutines for the threads that Celery's pool calls tasks in."""

    context: TaskContext

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tasks", daemon=True)
        self._opened = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.call(self._open())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self.call(self._opened.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` on the loop and wait for it, from any other thread."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> None:
        database = await self._opened.enter_async_context(open_database(self._settings))
        redis = await self._opened.enter_async_context(open_redis(self._settings))
        attach_outbox(database, redis)
        attach_ended(database, redis)
        attach_parking(database, redis)
        attach_appointments(database, redis)
        attach_halls(database, redis)
        clock = SystemClock()
        apps = read_apps(self._settings.host_apps_file)
        sms = await self._opened.enter_async_context(open_sms(self._settings, clock))
        channels = await self._opened.enter_async_context(open_channels(apps, redis, clock, sms))
        parking = await self._opened.enter_async_context(open_parking(apps, clock))
        has_opened: dict[type, object] = {OpenApps: OpenApps(channels, apps.messages), OpenParking: parking}
        self.context = TaskContext(self._settings, database, redis, clock, has_opened=has_opened)
