"""A worker or beat process with tasks of the tests: ``python outbox_tasks.py worker|beat``."""

import asyncio
import sys

import msgspec
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.celery import TaskContext, consumer
from worker.main import beat, work


class Write(msgspec.Struct):
    number: int
    seconds: float = 0.0


@consumer("outbox.test_write", Write)
async def write(session: AsyncSession, context: TaskContext, arguments: Write) -> None:
    if arguments.number < 0:
        raise ValueError("numbers are positive")
    assert context.message_id
    await asyncio.sleep(arguments.seconds)
    await session.execute(text("INSERT INTO effects VALUES (:number)"), {"number": arguments.number})


async def _gives_up(session: AsyncSession, context: TaskContext, arguments: Write) -> None:
    await session.execute(text("INSERT INTO effects VALUES (:number)"), {"number": arguments.number})


@consumer("outbox.test_try_once", Write, waits=(), given_up=_gives_up)
async def try_once(session: AsyncSession, context: TaskContext, arguments: Write) -> None:
    raise ValueError(arguments.number)


if __name__ == "__main__":
    {"worker": work, "beat": beat}[sys.argv[1]](sys.argv[2:])
