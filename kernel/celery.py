"""The Celery application, and the two kinds of task: consumers of outbox messages, and periodic tasks.

Tasks are ``async def``; a worker process runs them on one event-loop thread (``worker.runtime``), with as many at a
time as its pool has threads. Declaring a task connects to nothing.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
from celery import Celery, Task
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.database import Database, driver
from kernel.errors import YiwangError
from kernel.logs import request_id
from kernel.outbox import KEY_PREFIX, OutboxMessage, send, sweep
from kernel.queues import ROUTES, queue_of
from kernel.settings import Settings

_TASK_SECONDS = 300
_WAITS = tuple(timedelta(seconds=5) * 2**failures for failures in range(1, 10))
_SWEEP_EVERY = timedelta(seconds=5)
_TAKE = """
    DELETE FROM outbox WHERE id = (SELECT id FROM outbox WHERE id = $1 FOR UPDATE SKIP LOCKED)
    RETURNING request_id, arguments::text
"""

app = Celery("yiwang", set_as_current=False)
logger = logging.getLogger(__name__)
Arguments = TypeVar("Arguments", bound=msgspec.Struct)
_Opened = TypeVar("_Opened")
_Named = TypeVar("_Named")


@dataclasses.dataclass(frozen=True)
class TaskContext:
    """What a task may use."""

    settings: Settings
    database: Database
    redis: Redis
    clock: Clock
    message_id: UUID | None = None  # of the message being done; the idempotency key for calls to the outside
    has_opened: Mapping[type, object] = dataclasses.field(
        default_factory=dict
    )  # what else the process has opened, by its type

    def opened(self, kind: type[_Opened]) -> _Opened:
        """Return what of a type the process has opened, of which this package knows nothing. Raises LookupError."""
        found = self.has_opened.get(kind)
        if not isinstance(found, kind):
            raise LookupError(f"this process has opened no {kind.__name__}")  # noqa: TRY004 - what is missing is no type
        return found


class Runtime(Protocol):
    """What a worker process sets as ``app.runtime``."""

    context: TaskContext

    def call(self, work: Coroutine[Any, Any, None]) -> None: ...


def configure(settings: Settings) -> None:
    """Point the application at the broker; called once by worker and beat."""
    app.conf.update(
        broker_url=broker_url(settings.redis_url),
        broker_connection_retry_on_startup=True,
        broker_transport_options={"global_keyprefix": KEY_PREFIX, "socket_keepalive": True},
        task_routes=lambda name, *_args, **_options: {"queue": queue_of(name)},
        task_queues={queue: {} for queue in ROUTES.values()},
        task_create_missing_queues=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )


def broker_url(redis_url: str) -> str:
    """Our Redis URL as kombu spells it: a Unix socket is ``redis+socket://``."""
    return "redis+socket://" + redis_url.removeprefix("unix://") if redis_url.startswith("unix://") else redis_url


Handler = Callable[[AsyncSession, TaskContext, Arguments], Awaitable[None]]


def consumer(
    name: str,
    arguments: type[Arguments],
    *,
    waits: Sequence[timedelta] = _WAITS,
    given_up: Handler[Arguments] | None = None,
) -> Callable[[Handler[Arguments]], Task]:
    """Declare the task that does the outbox messages called ``name``.

    The handler runs inside the transaction that deletes the message, so its own changes happen exactly once. What it
    does to the outside world may happen more than once: send ``context.message_id`` along as idempotency key.

    A message that fails is tried again after each of ``waits`` (to the sweep's few seconds), then given up and left to
    people (``yiwang outbox``); ``given_up`` runs in the transaction that notes it, unless ``arguments`` cannot be read.
    """

    def declare(handler: Handler[Arguments]) -> Task:
        async def do(context: TaskContext, message_id: UUID) -> None:
            async with asyncio.timeout(_TASK_SECONDS), context.database.session() as session:
                taken = await (await driver(session)).fetchrow(_TAKE, message_id)
                if taken is None:  # done before, or another worker is at it
                    return
                request_id.set(taken["request_id"])
                mine = dataclasses.replace(context, message_id=message_id)
                await handler(session, mine, msgspec.json.decode(taken["arguments"], type=arguments, strict=False))

        work = _Work(name, do, waits, arguments, given_up)

        def run(task: Task, message_id: str) -> None:
            runtime: Runtime = task.app.runtime
            runtime.call(_do_or_note(work, runtime.context, UUID(message_id)))

        return app.task(run, name=name, bind=True)

    return declare


def again_later(task: str, wait: timedelta = timedelta(hours=1)) -> Handler[Any]:
    """Return what ``given_up`` may be where nothing may be left undone: the same message is sent again, later."""

    async def send_again(session: AsyncSession, context: TaskContext, message: msgspec.Struct) -> None:
        send(session, context.clock, task, message, wait)

    return send_again


async def one_by_one(
    context: TaskContext, ids: Iterable[_Named], work: Callable[[AsyncSession, _Named], Awaitable[None]]
) -> None:
    """Do ``work`` for each, in a transaction of its own; one that fails is logged, and the others are done."""
    for each in ids:
        try:
            async with context.database.session() as session:
                await work(session, each)
        except Exception:
            logger.exception("work that is due failed", extra={"about": each})


def periodic(name: str, every: timedelta) -> Callable[[Callable[[TaskContext], Coroutine[Any, Any, None]]], Task]:
    """Declare a task that beat starts again and again; a late one is dropped when the next is due."""

    def declare(handler: Callable[[TaskContext], Coroutine[Any, Any, None]]) -> Task:
        def run(task: Task) -> None:
            runtime: Runtime = task.app.runtime
            runtime.call(handler(runtime.context))

        app.conf.beat_schedule = {
            **(app.conf.beat_schedule or {}),
            name: {"task": name, "schedule": every, "options": {"expires": every.total_seconds()}},
        }
        return app.task(run, name=name, bind=True)

    return declare


@dataclasses.dataclass(frozen=True)
class _Work:
    """How one kind of message is done, tried again and given up."""

    name: str
    do: Callable[[TaskContext, UUID], Awaitable[None]]
    waits: Sequence[timedelta]
    arguments: type[msgspec.Struct]
    given_up: Handler[Any] | None


async def _do_or_note(work: _Work, context: TaskContext, message_id: UUID) -> None:
    """Do a message; if that fails, note it on the row, which the sweep will send again, later each time."""
    began = time.perf_counter()
    about = {"task": work.name, "message_id": message_id}
    try:
        await work.do(context, message_id)
        logger.info("did a task", extra={**about, "ms": round((time.perf_counter() - began) * 1000, 1)})
    except Exception as error:
        if isinstance(error, YiwangError):  # which says what is wrong and how to mend it
            logger.error("a task failed", extra={**about, "reason": error.said})  # noqa: TRY400 - one line; the rest follows
            logger.debug("where the task failed", exc_info=True)
        else:
            logger.exception("a task failed", extra=about)
        async with context.database.session() as session:
            row = await session.get(OutboxMessage, message_id, with_for_update=True)
            if row is None:
                return
            row.failures += 1
            row.last_error = f"{type(error).__name__}: {error}"[:500]
            again = row.failures <= len(work.waits)
            row.due_at = context.clock.now() + work.waits[row.failures - 1] if again else None
            if not again:
                await _give_up(work, session, context, row)


async def _give_up(work: _Work, session: AsyncSession, context: TaskContext, row: OutboxMessage) -> None:
    """Do what follows when a message is given up; of one that cannot be read any more nothing can."""
    if work.given_up is None:
        return
    try:
        message = msgspec.convert(row.arguments, work.arguments, strict=False)
    except msgspec.ValidationError:  # of a former version, perhaps; it is why it failed, so the row has it
        logger.error("nothing follows a message that cannot be read", extra={"task": work.name, "message_id": row.id})  # noqa: TRY400 - as above
        return
    await work.given_up(session, context, message)


@periodic("outbox.sweep", _SWEEP_EVERY)
async def sweep_outbox(context: TaskContext) -> None:
    """Send again what a broker or a worker lost."""
    async with context.database.session() as session:
        await sweep(session, context.clock)
