"""One transaction in the platform's database, for commands of the operator."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TypeVar

import click
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.ended import attach_ended
from flows.appointments.hall.watching import attach_halls
from flows.appointments.watching import attach_appointments
from flows.parking.watching import attach_parking
from kernel.database import Database, open_database
from kernel.embedded import servers
from kernel.outbox import attach_outbox
from kernel.redis import open_redis
from kernel.settings import Settings, load, state_path, variable
from services_catalog.announcements import announce

_T = TypeVar("_T")
_Work = Callable[[AsyncSession], Awaitable[_T]]
Needed = Literal["database_url", "redis_url"]


class _DryRunError(Exception):
    """Undoes the transaction after what it would change is known."""


def existing(*needed: Needed) -> Settings:
    """The settings of a platform that is there: begun in this folder, or with each of these servers named.

    ``yiwang run`` and ``yiwang migrate`` begin one. What looks after one never does: it would show an empty platform as
    if it were the one that is meant.
    """
    settings, needed = load(), needed or ("database_url",)
    missing = [variable(name) for name in needed if not getattr(settings, name)]
    state = state_path(settings)
    if missing and not (state / "postgres").is_dir():
        raise click.ClickException(
            f"there is no platform in {state.parent}: it has no {state.name}/postgres. Run this in the folder of "
            f"`make run`, or set {' and '.join(missing)} to reach another."
        )
    return settings


@contextmanager
def platform(*needed: Needed) -> Iterator[Settings]:
    """The settings of ``existing`` with its servers usable, for as long as the block runs."""
    settings = existing(*needed)
    if all(getattr(settings, name) for name in needed):
        yield settings
    else:
        with servers(settings) as settings:
            yield settings


def transaction(work: _Work[_T], *, dry_run: bool = False) -> _T:
    """Do ``work`` in the database of YIWANG_DATABASE_URL, or of the platform of this folder, and commit.

    ``dry_run``: all of it is undone once it is known what it returns.
    """

    async def run() -> _T:
        async with open_database(settings) as database:
            return await _done(database, work, dry_run=dry_run)

    with platform("database_url") as settings:
        return asyncio.run(run())


def changing(work: _Work[int | None], *, dry_run: bool = False) -> None:
    """As ``transaction``, of work that returns the catalogue's new revision, if any: gateways hear of it at once."""

    async def run() -> None:
        async with open_database(settings) as database, open_redis(settings) as redis:
            revision = await _done(database, work, dry_run=dry_run)
            if revision is not None and not dry_run:
                await announce(redis, revision)

    with platform("database_url", "redis_url") as settings:
        asyncio.run(run())


async def _done(database: Database, work: _Work[_T], *, dry_run: bool) -> _T:
    with suppress(_DryRunError):
        async with database.session() as session:
            done = await work(session)
            if dry_run:
                raise _DryRunError
    return done


def announced(work: _Work[_T]) -> _T:
    """As ``transaction``, and tell gateways and workers right after the commit; without Redis they find it later."""
    return with_redis(lambda session, _: work(session))


def with_redis(work: Callable[[AsyncSession, Redis], Awaitable[_T]]) -> _T:
    """As ``announced``, of work that needs Redis itself."""

    async def alone(database: Database, redis: Redis) -> _T:
        async with database.session() as session:
            return await work(session, redis)

    return with_database(alone)


def with_database(work: Callable[[Database, Redis], Awaitable[_T]]) -> _T:
    """As ``announced``, of work that makes transactions of its own, one after another."""

    async def run() -> _T:
        async with open_database(settings) as database, open_redis(settings) as redis:
            attach_outbox(database, redis)
            attach_ended(database, redis)
            attach_parking(database, redis)
            attach_appointments(database, redis)
            attach_halls(database, redis)
            return await work(database, redis)

    with platform("database_url", "redis_url") as settings:
        return asyncio.run(run())
