"""Every hour: each app's bills that are due, in the order of days, so that midnight is looked at from both sides.

Whatever keeps a bill away is logged and tried again in an hour; the other days and apps do not wait for it.
"""

import logging
from datetime import timedelta

from adapters.apps import OpenApps
from adapters.errors import BillNotReadyError, NotOfferedError
from flows.payments.reconciliation.due import due_days
from flows.payments.reconciliation.reconciling import reconcile
from kernel.celery import TaskContext, periodic
from kernel.errors import YiwangError

_log = logging.getLogger(__name__)


@periodic("payments.reconcile", timedelta(hours=1))
async def reconcile_hourly(context: TaskContext) -> None:
    """Reconcile what is due."""
    await reconcile_due(context)


async def reconcile_due(context: TaskContext) -> None:
    """Fetch and compare what is due, of every app."""
    for app_id, channel in context.opened(OpenApps).channels.items():
        async with context.database.session() as session:
            days = await due_days(session, context.clock, app_id)
        for day in days:
            about = {"app": app_id, "day": day.isoformat()}
            try:
                bill = await channel.bill(day)  # no transaction waits for a host
                async with context.database.session() as session:
                    row = await reconcile(session, context.clock, bill)
            except NotOfferedError:
                break
            except BillNotReadyError as error:
                _log.info("a bill is not made yet", extra=about | {"reason": error.message})
            except YiwangError as error:
                _log.error("a bill could not be had", extra=about | {"reason": error.said})
            else:
                _log.info("a bill is compared", extra=about | {"lines": row.lines})
