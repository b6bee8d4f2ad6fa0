"""Simulated hosts and SMS gateway that tell residents, and residents who sign in by them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from adapters.apps import OpenApps, open_channels, parse_apps
from adapters.sandbox.development import APPS, SMS_KEY, development_apps
from adapters.sandbox.hosts import Sandbox, build_sandbox
from adapters.web.sms import open_sms
from auth.accounts.accounts import Proven, sign_in
from auth.accounts.tables import Identity
from cli.ports import bindable
from kernel.clock import ManualClock, SystemClock
from kernel.crypto.keys import Keys
from kernel.database import Database
from kernel.settings import Settings
from tests.adapters.simulators import serve_handlers


class Hosts:
    """The sandbox, and the apps of a deployment that are in it."""

    def __init__(self, sandbox: Sandbox, apps: OpenApps) -> None:
        self.sandbox, self.apps = sandbox, apps

    def host(self, name: str) -> Any:
        return next(each for each in self.sandbox.hosts if each.provider == name)

    async def signs_in(self, database: Database, clock: ManualClock, resident: str, *hosts: str) -> UUID:
        """Have a resident sign in by these hosts, a second between them; their account."""
        account: UUID | None = None
        for name in hosts:
            known = await self.apps.channels[APPS[name]].sign_in(self.host(name).login(APPS[name], resident))
            proven = Proven(provider=name, tenant=known.app_id, subject=known.subject)  # type: ignore[arg-type]  # a host's name
            async with database.session() as session:
                made, identity = await sign_in(session, clock, proven)
                account = identity.account_id = account or made.id
                session.add(identity)
            clock.advance(timedelta(seconds=1))
        assert account is not None
        return account

    async def has_phone(self, database: Database, clock: ManualClock, keys: Keys, account: UUID, resident: str) -> None:
        """Have an account know the number of a resident's phone."""
        now = clock.now()
        async with database.session() as session:
            phone = Identity(
                account_id=account, provider="phone", tenant="", subject=str(account), verified_at=now,
                last_used_at=now, created_at=now,
            )  # fmt: skip
            number = self.sandbox.world.residents[resident].phone
            phone.value = keys.cipher.seal("identity.value", phone.id, number)
            session.add(phone)


@asynccontextmanager
async def open_hosts(redis: Redis) -> AsyncIterator[Hosts]:
    """Serve a sandbox and open its apps."""
    sandbox = build_sandbox(SystemClock(), seed=7)
    port = bindable("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{port}"
    apps = parse_apps(development_apps(origin))
    sms_key = f"{SMS_KEY.id}:{SMS_KEY.secret.decode()}"
    routes = [route for host in sandbox.hosts for route in host.routes()]
    async with (
        open_sms(Settings(sms_url=f"{origin}/web/sms", sms_key=sms_key), SystemClock()) as sms,
        open_channels(apps, redis, sandbox.clock, sms) as channels,
        serve_handlers(routes, port),
    ):
        yield Hosts(sandbox, OpenApps(channels, apps.messages))
        await sandbox.later.stop()
