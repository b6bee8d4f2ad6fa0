"""The town that pays, with wang and li in it, and the hosts' parking products."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.parking_products import OpenParking, open_parking
from adapters.sandbox.development import APPS, development_apps
from adapters.sandbox.hosts import build_sandbox
from adapters.sandbox.wechat_pay.vehicles import SUB_MCHID
from cli.ports import bindable
from gateway.http.payment_callbacks import PaymentCallbacks
from kernel.clock import Clock, SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.adapters.simulators import serve_handlers
from tests.payments.town import HOSTS, PLATE, Town, heard


@pytest.fixture
def clock() -> Clock:
    """By which the sandbox begins."""
    return SystemClock()


@pytest.fixture
async def town(settings: Settings, database: Database, redis: Redis, clock: Clock) -> AsyncIterator[Town]:
    heard.clear()
    attach_outbox(database, redis)
    sandbox = build_sandbox(clock, seed=7)
    port = bindable("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{port}"
    apps = parse_apps(development_apps(origin))
    async with open_channels(apps, redis, sandbox.clock) as channels:
        callbacks = PaymentCallbacks(database, sandbox.clock, open_keys(settings).cipher, channels)
        routes = [route for host in sandbox.hosts for route in host.routes()]
        async with serve_handlers([*routes, *callbacks.handlers()], port):
            opened = Town(settings, database, redis, sandbox, channels, origin)
            await opened.sign_in("wang", *HOSTS)
            await opened.sign_in("li", *HOSTS)
            yield opened
            await sandbox.later.stop()


@pytest.fixture
async def parking(town: Town) -> AsyncIterator[OpenParking]:
    """The deployment's parking products, and wang's plate agreed to at both hosts."""
    raw = msgspec.json.decode(development_apps(town.cashier.callbacks))
    more: dict[str, dict[str, Any]] = {
        "wechat": {"vehicles": {"sub_mchid": SUB_MCHID, "notify_url": f"{town.cashier.callbacks}/events"}},
        "alipay": {"parking": True},
    }
    apps = parse_apps(msgspec.json.encode({"apps": [each | more.get(each["provider"], {}) for each in raw["apps"]]}))
    async with open_parking(apps, town.clock) as opened:
        town.opened[OpenParking] = opened
        for host in more:
            town.agreements(host).sign(APPS[host], "wang", PLATE.number)
        yield opened
