"""The outbox: a change and the message about it are one transaction, and nothing Redis forgets is lost.

``send`` adds a row to the caller's transaction. After the commit the row's id goes to Celery's queue at once; should
that fail, or the broker or a worker lose it, ``sweep`` sends it again. The consumer deletes the row in the transaction
of its own effect (``kernel.celery``), so a message that arrives twice is done once. Arguments stay in PostgreSQL:
what travels through Redis is an id.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Column, Index, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.database import Database
from kernel.ids import uuid7
from kernel.logs import request_id
from kernel.queues import queue_of

KEY_PREFIX = "yiwang:{celery}:"  # one hash tag: kombu pops from several keys in one command
_FIRST_RESEND = timedelta(seconds=30)
_LONGEST_RESEND = timedelta(hours=1)
_PUBLISH_SECONDS = 0.25  # a request waits no longer for Redis; the sweep comes anyway
_SWEEP_ROWS = 1000

logger = logging.getLogger(__name__)


class OutboxMessage(SQLModel, table=True):
    """A task that must be done at least once; deleted by the transaction that does it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    task: str
    arguments: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    request_id: str = ""
    created_at: datetime
    due_at: datetime | None  # when the sweep sends it (again); None: given up after too many failures
    sends: int = 1
    failures: int = 0
    last_error: str = ""


def send(
    session: AsyncSession, clock: Clock, task: str, arguments: msgspec.Struct, delay: timedelta = timedelta(0)
) -> UUID:
    """Have ``task`` done after this transaction commits, ``delay`` later (to the sweep's few seconds); its id."""
    queue_of(task)
    now = clock.now()
    row = OutboxMessage(
        task=task,
        arguments=msgspec.to_builtins(arguments),
        request_id=request_id.get(),
        created_at=now,
        due_at=now + (delay or _FIRST_RESEND),
    )
    session.add(row)
    if not delay:
        session.info.setdefault("outbox", []).append(row)
    return row.id


def attach_outbox(database: Database, redis: Redis) -> None:
    """Publish what the sessions of ``database`` send, right after their commits."""
    database.after_commit.append(partial(_publish_committed, redis))


async def sweep(session: AsyncSession, clock: Clock) -> int:
    """Send again what is due, after this transaction commits; how many. Sweeps may overlap: each takes its own rows.

    Not before: a worker that is quicker than the commit would find its row locked and leave it.

    What has no queue, of a feature that came or went with a release, stays and is looked at again later.
    """
    now = clock.now()
    due = select(OutboxMessage).where(col(OutboxMessage.due_at) <= now).order_by(col(OutboxMessage.due_at))
    rows = (await session.exec(due.limit(_SWEEP_ROWS).with_for_update(skip_locked=True))).all()
    sendable = [row for row in rows if _has_queue(row)]
    for row in rows:
        row.due_at = now + _LONGEST_RESEND
    for row in sendable:
        row.due_at = now + min(_FIRST_RESEND * 2 ** min(row.sends, 10), _LONGEST_RESEND)
        row.sends += 1
    session.info.setdefault("outbox", []).extend(sendable)
    return len(sendable)


def _has_queue(row: OutboxMessage) -> bool:
    try:
        queue_of(row.task)
    except LookupError as error:
        logger.error("a message cannot be sent", extra={"message_id": row.id, "error": str(error)})  # noqa: TRY400 - the trace says no more
        return False
    return True


async def stuck(session: AsyncSession) -> Sequence[OutboxMessage]:
    """Messages that were given up after too many failures, the oldest first; people decide about them."""
    given_up = select(OutboxMessage).where(col(OutboxMessage.due_at).is_(None))
    return (await session.exec(given_up.order_by(col(OutboxMessage.created_at)))).all()


async def retry(session: AsyncSession, clock: Clock, ids: Iterable[UUID]) -> None:
    """Have stuck messages tried again, by the next sweep and with all attempts before them."""
    chosen = update(OutboxMessage).where(col(OutboxMessage.id).in_(ids), col(OutboxMessage.due_at).is_(None))
    await session.exec(chosen.values(due_at=clock.now(), failures=0))


async def publish(redis: Redis, rows: Iterable[OutboxMessage]) -> None:
    """Put the ids on their queues."""
    async with redis.pipeline(transaction=False) as pipe:
        for row in rows:
            queue = queue_of(row.task)
            pipe.lpush(KEY_PREFIX + queue, _celery_message(row, queue))
        await pipe.execute()


async def _publish_committed(redis: Redis, session: AsyncSession) -> None:
    rows: list[OutboxMessage] = session.info.pop("outbox", [])
    if not rows:
        return
    try:
        async with asyncio.timeout(_PUBLISH_SECONDS):
            await publish(redis, rows)
    except (RedisError, TimeoutError, OSError) as error:
        logger.warning("messages wait for the sweep: Redis did not take them", extra={"error": str(error)})


def _celery_message(row: OutboxMessage, queue: str) -> bytes:
    """Celery's message protocol 2 in kombu's envelope for Redis; by hand, because Celery's own way blocks the loop."""
    task_id = str(row.id)
    body = msgspec.json.encode([[task_id], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    headers = {"lang": "py", "task": row.task, "id": task_id, "root_id": task_id, "retries": 0, "ignore_result": True}
    properties = {
        "correlation_id": task_id,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid7()),
    }
    return msgspec.json.encode(
        {
            "body": b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": properties,
        }
    )
