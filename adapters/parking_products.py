"""The hosts' parking products of a deployment, by app: what the file of host apps says of them, opened for a process.

Beside the channels, of which they share nothing but the hosts: most deployments have none.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import Struct

from adapters.alipay.client import AlipayClient
from adapters.alipay.parking import AlipayParking
from adapters.apps import AlipayEntry, Entry, HostApps, WeChatEntry
from adapters.http import open_http
from adapters.later import Later
from adapters.parking import ParkingProduct
from adapters.wechat_pay.channel import open_account
from adapters.wechat_pay.client import WeChatPayClient
from adapters.wechat_pay.reminders import WeChatReminders
from adapters.wechat_pay.vehicles import WeChatVehicles
from kernel.clock import Clock

_log = logging.getLogger(__name__)


class OpenParking(Struct, frozen=True):
    """The parking products of a process, by app id: all that are told of stays, and the one that takes fees."""

    products: Mapping[str, Sequence[ParkingProduct]] = {}
    charging: Mapping[str, ParkingProduct] = {}


@asynccontextmanager
async def open_parking(apps: HostApps, clock: Clock) -> AsyncIterator[OpenParking]:
    """Open them for the length of a process."""
    async with AsyncExitStack() as stack:
        products = {each.app_id: await _opened(stack, each, clock) for each in apps.apps}
        charging = {
            app_id: product for app_id, opened in products.items() for product in opened if product.kind == "charging"
        }
        yield OpenParking(products, charging)


async def _opened(stack: AsyncExitStack, entry: Entry, clock: Clock) -> Sequence[ParkingProduct]:
    if isinstance(entry, AlipayEntry) and entry.parking:
        http = await stack.enter_async_context(open_http(entry.url, "Alipay"))
        return [AlipayParking(AlipayClient(http, clock, entry.app, entry.trust(clock), entry.url), clock)]
    if not isinstance(entry, WeChatEntry) or entry.pay is None or not (entry.vehicles or entry.reminders):
        return []
    http = await stack.enter_async_context(open_http(entry.pay.url, "WeChat Pay"))
    later = Later(lambda why: _log.error("what WeChat Pay's parking does later failed: %s", why))
    stack.push_async_callback(later.stop)
    opened = open_account(entry.pay, http, clock, later.spawn)
    found: list[ParkingProduct] = []
    if entry.vehicles is not None:
        found.append(WeChatVehicles(entry.app_id, entry.pay, entry.vehicles, opened, clock))
    if entry.reminders:
        found.append(WeChatReminders(WeChatPayClient(*opened), clock))
    return found
