"""Signing in with a host app in a browser: to the host's own page, and back with a code.

The ``state`` that goes along is good once and for the browser and the sign-in that it was made for, so that nobody is
signed in by a link or a code of somebody else's.
"""

import secrets
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import HostIdentity, WebSignIn
from auth.accounts.accounts import sign_in
from auth.errors import TransactionGoneError
from auth.provider.browser import SECONDS, Transaction
from auth.provider.codes import OnceStore
from auth.sessions.sessions import SignIn
from gateway.http.sign_on.answers import typed
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.rendering import LANGUAGE, language
from gateway.http.sign_on.services import SignInServices
from gateway.http.sign_on.steps import BROWSER_COOKIE, Steps
from gateway.http.sign_on.texts import Lang
from gateway.http.sign_on.visitors import by_browser
from kernel.errors import YiwangError
from schema.context import Platform
from schema.sign_in import METHODS, proven

AnyRequest = Request[Any, Any, Any]


class _Away(Struct, frozen=True):
    """A browser that is at a host's page: for which sign-in, with which app, and in which language it left."""

    sign_in: str
    app: str
    lang: Lang


def with_hosts(services: SignInServices, platform: Platform) -> SignInServices:
    """Return the services with the pages of those host apps that have one."""
    pages = {app: channel.web_sign_in for app, channel in platform.channels.items() if channel.web_sign_in}
    return replace(services, hosts=pages)


class Hosts(Steps):
    """The ways to host apps and back, of one process."""

    def __init__(self, platform: Platform, services: SignInServices) -> None:
        super().__init__(platform, services)
        self._away = OnceStore(self._environment.redis, self._environment.keys.cipher, "host_sign_in", SECONDS)

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        back = get("/sign-in/host/{app:str}", exception_handlers=ON_PAGES)(self._back_from_host)
        return [*self._posts(self._host), back]

    async def _host(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Lead the browser to a host app's page."""
        app = (await typed(request)).get("app", "")
        if (page := self._services.hosts.get(app)) is None:
            return self._back(request, id)

        async def work(_: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            await self._transactions.save(id_, replace(under_way, challenge="", app_code=""))
            # letters and digits alone, which every host passes on as they are
            state = await self._away.put(_Away(id_, app, language(request)), secrets.token_hex(32))
            location = page.address(state, self._return_url(app))
            return Response("", status_code=303, headers={"location": location})

        return await self._step(request, id, work)

    async def _back_from_host(self, request: AnyRequest, app: FromPath[str]) -> Response[Any]:
        """Sign in whoever comes back from a host app's page."""
        away = await self._away.take(request.query_params.get("state", ""), _Away)
        if away is None or away.app != app or (page := self._services.hosts.get(app)) is None:
            raise TransactionGoneError("The state is unknown, used or too old", fix="Begin anew at the site.")
        await self._transactions.read(away.sign_in, self._cookie(request, BROWSER_COOKIE))
        request.scope["state"][LANGUAGE] = away.lang
        return await self._finished(request, away, page)

    async def _finished(self, request: AnyRequest, away: _Away, page: WebSignIn) -> Response[Any]:
        """Exchange what the browser brought, outside a transaction of ours, and begin its session."""
        try:
            host = await page.finish(dict(request.query_params), self._return_url(away.app))
        except YiwangError as error:
            return await self._again(request, away.sign_in, error.code)

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            who = await self._who(session, request, host)
            return await self._signed_in(session, request, id_, under_way, who)

        return await self._step(request, away.sign_in, work)

    async def _who(self, session: AsyncSession, request: AnyRequest, host: HostIdentity) -> SignIn:
        account, identity = await sign_in(session, self._environment.clock, proven(self._platform, host))
        return by_browser(request, account, identity, METHODS[host.provider])

    def _return_url(self, app: str) -> str:
        return f"{self._environment.issuer}/sign-in/host/{app}"
