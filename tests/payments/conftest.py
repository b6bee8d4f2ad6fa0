"""The town that pays, with wang and li in it."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.sandbox.development import development_apps
from adapters.sandbox.hosts import build_sandbox
from cli.ports import bindable
from gateway.http.payment_callbacks import PaymentCallbacks
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.adapters.simulators import serve_handlers
from tests.payments.town import HOSTS, Town, heard


@pytest.fixture
async def town(settings: Settings, database: Database, redis: Redis) -> AsyncIterator[Town]:
    heard.clear()
    attach_outbox(database, redis)
    sandbox = build_sandbox(SystemClock(), seed=7)
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
