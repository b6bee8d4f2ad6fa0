"""Coming by a one-time ticket, and leaving: the pages at both ends of a browser's session."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.web.channel import WebChannel
from auth.clients.tables import Client
from auth.errors import TicketRefusedError
from auth.provider.authorize import locale
from auth.provider.browser import digest, form_token, is_own_form, new_secret, session_of
from auth.provider.logout import read_logout
from auth.provider.tickets import Ticket, redeem_ticket, tickets
from auth.sessions.sessions import browser_lifetimes, end
from auth.sessions.tables import Session
from gateway.http.sign_on.answers import cookie, cookie_name
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.programs import provider_request
from gateway.http.sign_on.rendering import LANGUAGE, Onward, Renderer, again, language
from gateway.http.sign_on.steps import SESSION
from gateway.http.sign_on.texts import TEXTS, Lang
from gateway.http.sign_on.visitors import named
from schema.context import Platform

AnyRequest = Request[Any, Any, Any]
_PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class Leaving:
    """The routes of one process."""

    def __init__(self, platform: Platform) -> None:
        self._database = platform.database
        self._environment = environment = platform.environment
        self._home = next((each.home for each in platform.channels.values() if isinstance(each, WebChannel)), "")
        self._lifetimes = browser_lifetimes(environment.settings)
        self._render = Renderer()

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        both = [HttpMethod.GET, HttpMethod.POST]
        return [
            route(path, http_method=both, exception_handlers=ON_PAGES)(work)
            for path, work in (("/sso/t", self._ticket), ("/oauth/logout", self._logout))
        ]

    async def _ticket(self, request: AnyRequest) -> Response[Any]:
        """Sign a web view in by a ticket, and send it to the department's page.

        A browser in which somebody else is signed in is asked first: otherwise a link could sign a resident in as its
        sender. The answer comes with that page's token, so no other site can give it.
        """
        environment, lang = self._environment, language(request)
        data = (await provider_request(request, environment, url_too=True)).payload.data
        given, secret = data.get("ticket", ""), new_secret()
        async with self._database.session() as session:
            before = await self._owner(session, request)
            if request.method == "POST" and (before is None or not self._is_ours(request, data)):
                return self._render.refusal(lang, TicketRefusedError.code)
            if before is not None and request.method == "GET" and await self._is_another(session, given, before):
                return self._render.question(
                    lang, "other_account", action="/sso/t", ticket=given, token=self._token(request)
                )
            if request.method == "POST" and data.get("confirm") == "no":
                return self._render.message(lang, "nothing_changed", self._onward(lang))
            opened = await redeem_ticket(
                session, environment, given, lifetimes=self._lifetimes, cookie_digest=digest(secret)
            )
            if opened is not None and before is not None:
                await end(session, environment.clock, [before.sid], "replaced")
        if opened is None:
            return self._render.refusal(lang, TicketRefusedError.code)
        query = urlencode({"iss": environment.issuer} | ({"target_link_uri": opened.target} if opened.target else {}))
        separator = "&" if "?" in opened.client.initiate_login_uri else "?"
        where = f"{opened.client.initiate_login_uri}{separator}{query}"
        answer: Response[Any] = Response("", status_code=303, headers={"location": where, **_PRIVATE})
        answer.set_cookie(cookie(SESSION, secret, environment.issuer))
        return answer

    async def _is_another(self, session: AsyncSession, secret: str, before: Session) -> bool:
        """Whether a ticket is of another account than the one that is signed in here."""
        ticket = await tickets(self._environment).peek(secret, Ticket)
        owner = await session.get(Session, ticket.sid) if ticket else None
        return owner is not None and owner.account_id != before.account_id

    async def _logout(self, request: AnyRequest) -> Response[Any]:
        """Sign a resident out: at once where a client's ID token says who, else after asking them."""
        given = await provider_request(request, self._environment, url_too=True)
        request.scope["state"][LANGUAGE] = locale(given.payload.data.get("ui_locales", ""))
        lang, answered = language(request), given.payload.data.get("confirm") if request.method == "POST" else None
        async with self._database.session() as session:
            asked = await read_logout(session, self._environment, given)
            owner = await self._owner(session, request)
            if answered == "no":
                return self._render.message(lang, "nothing_changed", self._onward(lang), again=again(request))
            confirmed = answered == "yes" and self._is_ours(request, given.payload.data)
            sids = [asked.sid] if asked.sid else []
            if owner is not None and (confirmed or owner.sid == asked.sid):
                sids.append(owner.sid)
            if not asked.sid and not confirmed and owner is not None:
                return self._render.question(
                    lang,
                    "sign_out_question",
                    action="/oauth/logout",
                    again=again(request),
                    token=self._token(request),
                )
            ended = await end(session, self._environment.clock, sids, "signed_out") if sids else []
            onward = self._onward(lang, asked.client)
        answer: Response[Any]
        if asked.target:
            answer = Response("", status_code=303, headers={"location": asked.target, **_PRIVATE})
        else:
            answer = self._render.message(lang, "signed_out", onward, again=again(request))
        if owner is not None and owner.sid in ended:  # only a session that is over takes its cookie along
            answer.set_cookie(cookie(SESSION, "", self._environment.issuer, 0))  # gone, said as it was set
        return answer

    def _onward(self, lang: Lang, client: Client | None = None) -> Onward | None:
        """Return the way to the site that sent the resident or, if none did, to the city's own pages."""
        if client is not None and client.redirect_uris:
            site = urlsplit(client.redirect_uris[0])
            return Onward(f"{site.scheme}://{site.netloc}/", TEXTS[lang].back_to.format(client=named(client, lang)))
        return Onward(self._home, TEXTS[lang].go_home) if self._home else None

    async def _owner(self, session: AsyncSession, request: AnyRequest) -> Session | None:
        return await session_of(session, self._environment.clock, self._secret(request))

    def _secret(self, request: AnyRequest) -> str:
        return request.cookies.get(cookie_name(SESSION, self._environment.issuer), "")

    def _token(self, request: AnyRequest) -> str:
        return form_token(self._secret(request))

    def _is_ours(self, request: AnyRequest, data: Mapping[str, str]) -> bool:
        return is_own_form(data.get("token", ""), self._secret(request))
