"""Which host apps take payments now. One that refuses our merchant is left out for a minute: others may do.

The count is in Redis; without it every cashier counts as open.
"""

import logging
from collections.abc import Iterable, Mapping

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.channel import Channel
from flows.payments.errors import CashierClosedError
from kernel.redis import counted, key

CLOSED_AFTER = 3  # refusals of the merchant, not of a payer: it was not this one order
CLOSED_SECONDS = 60

_log = logging.getLogger(__name__)


def channel_of(channels: Mapping[str, Channel], app_id: str) -> Channel:
    """Return an app's channel. Raises CashierClosedError."""
    if (channel := channels.get(app_id)) is None:
        raise CashierClosedError(
            f"There is no app {app_id} in the file of host apps", fix="Pay in another app; the operator can add it."
        )
    return channel


async def refused(redis: Redis, app_id: str) -> None:
    """Count that a host refused our merchant."""
    try:
        times = await counted(redis, _name(app_id), CLOSED_SECONDS)
    except RedisError:
        return
    if times == CLOSED_AFTER:
        _log.error("a cashier is closed for a minute: the host refuses our merchant", extra={"app": app_id})


async def closed(redis: Redis, app_ids: Iterable[str]) -> frozenset[str]:
    """Return which apps are better not offered now."""
    found = set()
    for app_id in app_ids:
        try:
            if int(await redis.get(_name(app_id)) or 0) >= CLOSED_AFTER:
                found.add(app_id)
        except RedisError:
            return frozenset()
    return frozenset(found)


def _name(app_id: str) -> str:
    return key("payments", app_id, "refused")
