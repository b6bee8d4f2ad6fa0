"""The provider's pages: from a client's request to its answer, by forms that need no JavaScript."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.phone_codes import sign_in_by_phone
from auth.assurance import AcrRequest
from auth.clients.grants import ASKED, agree
from auth.clients.tables import Client
from auth.provider.app_approvals import Asking
from auth.provider.authorize import Asked, RefusedError, deliver, issue_code, read, signed_in_since
from auth.provider.browser import Transaction
from auth.provider.lacking import is_own, missing, refusal
from auth.provider.server import Provider
from gateway.errors import SiteRequestRefusedError
from gateway.http.sign_on.answers import response, typed
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.programs import provider_request
from gateway.http.sign_on.rendering import icon, stylesheet
from gateway.http.sign_on.steps import BROWSER_COOKIE, Steps
from gateway.http.sign_on.visitors import by_browser, device_of
from kernel.crypto.blind_index import normal_phone
from kernel.errors import YiwangError

AnyRequest = Request[Any, Any, Any]


class Pages(Steps):
    """The pages of one process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        both = [HttpMethod.GET, HttpMethod.POST]
        authorize = route("/oauth/authorize", http_method=both, exception_handlers=ON_PAGES)(self._authorize)
        show = get("/sign-in/{id:str}", exception_handlers=ON_PAGES)(self._show)
        return [
            authorize,
            stylesheet,
            icon,
            show,
            *self._posts(self._phone, self._code, self._app, self._consent, self._without, self._cancel),
        ]

    async def _authorize(self, request: AnyRequest) -> Response[Any]:
        """Begin a sign-in, or answer at once for who is signed in already."""
        if request.method == "POST":  # as a GET the browser's cookies come along, whoever's form it was
            asked = await provider_request(request, self._environment, url_too=True)
            query = urlencode([(k, v) for k, values in asked.payload.datalist.items() for v in values])
            return Response("", status_code=303, headers={"location": f"/oauth/authorize?{query}"})
        given = await provider_request(request, self._environment, url_too=True)
        try:
            async with self._database.session() as session:
                asked_, client = await session.run_sync(lambda _: read(Provider(session, self._environment), given))
                return await self._go_on(session, request, asked_, client)
        except RefusedError as refused:
            if refused.asked is not None:
                said = {"error": refused.error, "error_description": refused.description}
                return response(deliver(self._environment.issuer, refused.asked, said))
            raise SiteRequestRefusedError(f"{refused.error}: {refused.description}") from refused

    async def _go_on(self, session: AsyncSession, request: AnyRequest, asked: Asked, client: Client) -> Response[Any]:
        owner = await self._owner(session, request)
        reach = await self._reach(session, owner)
        lacks = missing(asked, owner, self._now(), reach)
        if lacks == "acr" and owner is not None and "none" in asked.prompts and not refusal(asked, owner, reach):
            lacks = ""  # nobody may be asked, and what was wished for is not essential
        if not lacks and owner is not None and (error := refusal(asked, owner, reach)):
            return response(deliver(self._environment.issuer, asked, {"error": error}))  # nobody can reach it here
        if not lacks and owner is not None and not await self._asks_consent(session, asked, owner, client):
            code = await issue_code(self._environment, asked, owner)
            return response(deliver(self._environment.issuer, asked, {"code": code}))
        if "none" in asked.prompts:
            error = "login_required" if owner is None or lacks == "login_required" else "interaction_required"
            error = error if lacks else "consent_required"
            return response(deliver(self._environment.issuer, asked, {"error": error}))
        return await self._begun(request, asked)

    async def _show(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Show what comes next in a sign-in, or answer the client when nothing is missing."""
        return await self._step(request, id, self._next)

    async def _app(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Show a code for a mini-program to confirm."""

        async def work(_: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            if is_own(under_way.asked):
                return self._back(request, id_)
            browser = device_of(request)
            since = signed_in_since(under_way.asked, under_way.began, self._now())
            code = await self._approvals.ask(Asking(id_, under_way.asked.client_id, browser, since))
            await self._transactions.save(id_, replace(under_way, app_code=code, challenge=""))
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _phone(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Send a code to a phone, outside a transaction of ours: the SMS gateway may be slow."""
        under_way = await self._transactions.read(id, self._cookie(request, BROWSER_COOKIE))
        try:
            phone = normal_phone((await typed(request)).get("phone", ""))
            challenge, code = await self._codes.begin(phone, self._requesters.of(request))
            if await self._codes.is_alarming():
                await self._alarm()
            await self._services.send_code(phone, code, challenge[:32])
        except YiwangError as error:
            return await self._again(request, id, error.code)
        await self._transactions.save(id, replace(under_way, challenge=challenge, app_code=""))
        return self._back(request, id)

    async def _code(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Sign in with the code that was sent."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            code = (await typed(request)).get("code", "")
            phone = await self._codes.finish(under_way.challenge, code.strip())
            environment = self._environment
            account, identity = await sign_in_by_phone(session, environment.clock, environment.keys, phone)
            who = by_browser(request, account, identity, "sms")
            return await self._signed_in(session, request, id_, replace(under_way, challenge=""), who)

        return await self._step(request, id, work)

    async def _consent(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Write the resident's answer down and go on."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if (await typed(request)).get("answer") != "yes" or owner is None:
                return await self._answer(id_, under_way.asked, {"error": "access_denied"})
            client = await session.get_one(Client, under_way.asked.client_id)
            agree(session, self._environment.clock, owner.account_id, client, under_way.asked.scope.split())
            await session.flush()
            prompts = tuple(each for each in under_way.asked.prompts if each != "consent")
            under_way = replace(under_way, asked=replace(under_way.asked, prompts=prompts))
            await self._transactions.save(id_, under_way)
            following = await self._next(session, request, id_, under_way)
            scopes = sorted(ASKED.intersection(under_way.asked.scope.split()))
            await self._record(session, owner, "consent.given", f"client:{client.client_id}", scopes)
            return following

        return await self._step(request, id, work)

    async def _without(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Go on at the level that is, where the site only wishes for a higher one."""

        async def work(_: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            if not under_way.asked.acr.essential:
                under_way = replace(under_way, asked=replace(under_way.asked, acr=AcrRequest()))
                await self._transactions.save(id_, under_way)
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _cancel(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Tell the client that the resident does not want to."""

        async def work(_: AsyncSession, __: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            return await self._answer(id_, under_way.asked, {"error": "access_denied"})

        return await self._step(request, id, work)
