"""The town that pays, with wang and li in it, and the hosts' parking products."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.parking import ParkingProduct
from adapters.parking_products import OpenParking, open_parking
from adapters.sandbox.development import APPS, development_apps
from adapters.sandbox.hosts import build_sandbox
from cli.ports import bindable
from gateway.http.parking_callbacks import ParkingCallbacks
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
        products: dict[str, ParkingProduct] = {}
        stays = ParkingCallbacks(database, sandbox.clock, open_keys(settings), products)
        async with serve_handlers([*routes, *callbacks.handlers(), *stays.handlers()], port):
            ours = structs.replace(settings, issuer=origin)  # where hosts call
            opened = Town(ours, database, redis, sandbox, channels, origin)
            opened.products = products
            await opened.sign_in("wang", *HOSTS)
            await opened.sign_in("li", *HOSTS)
            yield opened
            await sandbox.later.stop()


@pytest.fixture
async def parking(town: Town) -> AsyncIterator[OpenParking]:
    """The deployment's parking products, and wang's plate agreed to at both hosts."""
    apps = parse_apps(development_apps(town.cashier.callbacks))
    async with open_parking(apps, town.clock) as opened:
        town.opened[OpenParking] = opened
        town.products.update(opened.charging)
        for host in ("wechat", "alipay"):
            town.agreements(host).sign(APPS[host], "wang", PLATE.number)
        yield opened
