"""The periodic task that publishes what is due, one entry a transaction, so that none holds up another."""

import logging
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.celery import TaskContext, periodic
from kernel.clock import Clock
from kernel.errors import YiwangError
from services_catalog.announcements import announce
from services_catalog.lifecycle.errors import RulesBrokenError, SuspendedMeanwhileError
from services_catalog.lifecycle.operations import operations_of
from services_catalog.lifecycle.publication import due, publish_due, return_due

PUBLISH_EVERY = timedelta(seconds=5)

_log = logging.getLogger(__name__)


@periodic("catalogue.publish_due", PUBLISH_EVERY)
async def publish_every_few_seconds(context: TaskContext) -> None:
    """Publish what is due."""
    await publish_all_due(context)


async def publish_all_due(context: TaskContext) -> None:
    """Publish every scheduled version whose time has come; one that breaks a rule by now is a draft again.

    Doing it twice, or in two workers at a time, publishes once: each entry is looked at under its lock.
    """
    async with context.database.session() as session:
        codes = await due(session, context.clock)
    revisions = [await _publish(context, code) for code in codes]
    if newest := max(filter(None, revisions), default=None):
        await announce(context.redis, newest)


async def _publish(context: TaskContext, code: str) -> int | None:
    """Publish one entry and return the catalogue's revision, None if it was not; the log and its history say why."""
    try:
        async with context.database.session() as session:
            return await _publish_in(session, context.clock, code)
    except RulesBrokenError as error:
        _log.warning(
            "a scheduled entry breaks a rule: it is a draft again", extra={"entry": code, "reason": error.said}
        )
        async with context.database.session() as session:
            await return_due(session, context.clock, code, error.findings)
    except SuspendedMeanwhileError as error:
        _log.warning("a scheduled entry is suspended: it is a draft again", extra={"entry": code})
        async with context.database.session() as session:
            await return_due(session, context.clock, code, (), error.said)
    except YiwangError as error:
        _log.warning("a scheduled entry was not published", extra={"entry": code, "reason": error.said})
    except Exception:  # noqa: BLE001 - whatever it is, the others are due too, and this one is tried again
        _log.exception("a scheduled entry was not published", extra={"entry": code})
    return None


async def _publish_in(session: AsyncSession, clock: Clock, code: str) -> int | None:
    return await publish_due(session, clock, code, await operations_of(session, code))
