"""The provider's pages: from a client's request to its answer, by forms that need no JavaScript."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from litestar import Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.phone_codes import PhoneCodes, sign_in_by_phone
from auth.accounts.proofing import Evidence, prove
from auth.assurance import ial_of, level_of
from auth.clients.clients import BROWSER
from auth.clients.grants import ASKED, agree, agreed
from auth.clients.tables import Client
from auth.errors import NoMatchError, NoMessagesError
from auth.provider.authorize import Asked, RefusedError, deliver, issue_code, missing, read, refusal
from auth.provider.browser import Transaction, Transactions, digest, new_secret, session_of
from auth.provider.environment import Environment
from auth.provider.server import Provider
from auth.sessions.sessions import SignIn, begin, browser_lifetimes, end, raise_assurance
from auth.sessions.tables import Session
from gateway.http.sign_on.answers import cookie, cookie_name, response
from gateway.http.sign_on.programs import provider_request
from gateway.http.sign_on.rendering import Renderer, language, stylesheet
from gateway.http.sign_on.texts import TEXTS
from kernel.audit.entries import Event, append
from kernel.crypto.blind_index import normal_phone
from kernel.database import Database
from kernel.errors import YiwangError

AnyRequest = Request[Any, Any, Any]
SESSION, BROWSER_COOKIE = "op", "browser"
_BROWSER_SECONDS = int(timedelta(days=1).total_seconds())


class IdentityCheck(Protocol):
    """Whoever can say whether a name belongs to an ID number (``adapters.identity``)."""

    async def match(self, name: str, id_number: str) -> bool: ...


class Outside(Struct, frozen=True):
    """Whom the pages reach: SMS (number, code, id of the message), and the identity service if there is one."""

    send_code: Callable[[str, str, str], Awaitable[None]]
    identity: IdentityCheck | None = None


async def no_messages(phone: str, code: str, id_: str) -> None:  # noqa: ARG001 - Outside's interface
    """Stand where no SMS gateway is configured. Raises NoMessagesError."""
    raise NoMessagesError("No code can be sent by SMS here", fix="Sign in by WeChat, Alipay or Baidu.")


class Pages:
    """The pages of one process."""

    def __init__(self, database: Database, environment: Environment, outside: Outside) -> None:
        self._database = database
        self._environment = environment
        self._outside = outside
        self._transactions = Transactions(environment.redis, environment.keys.cipher)
        self._codes = PhoneCodes(environment.redis, environment.keys)
        self._lifetimes = browser_lifetimes(environment.settings)
        self._render = Renderer()

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        authorize = route("/oauth/authorize", http_method=[HttpMethod.GET, HttpMethod.POST])(self._authorize)
        handlers: list[HTTPRouteHandler] = [authorize, stylesheet, get("/sign-in/{id:str}")(self._show)]
        for step in (self._phone, self._code, self._identity, self._consent, self._cancel):
            name = step.__name__.removeprefix("_")
            handlers.append(post(f"/sign-in/{{id:str}}/{name}", name=f"sign-in-{name}")(step))
        return handlers

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
            return self._render.message(language(request), "cannot_go_on", refused.description, status=400)

    async def _go_on(self, session: AsyncSession, request: AnyRequest, asked: Asked, client: Client) -> Response[Any]:
        owner = await self._owner(session, request)
        lacks = missing(asked, owner, self._now())
        if not lacks and owner is not None and not await self._asks_consent(session, asked, owner, client):
            code = await issue_code(self._environment, asked, owner)
            return response(deliver(self._environment.issuer, asked, {"code": code}))
        if "none" in asked.prompts:
            error = "login_required" if owner is None or lacks == "login_required" else "interaction_required"
            error = error if lacks else "consent_required"
            return response(deliver(self._environment.issuer, asked, {"error": error}))
        browser = self._cookie(request, BROWSER_COOKIE) or new_secret()
        id_ = await self._transactions.begin(asked, browser, self._now())
        answer: Response[Any] = Response(
            "", status_code=303, headers={"location": f"/sign-in/{id_}?lang={asked.locale}"}
        )
        answer.set_cookie(cookie(BROWSER_COOKIE, browser, self._environment.issuer, _BROWSER_SECONDS))
        return answer

    async def _show(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Show what comes next in a sign-in, or answer the client when nothing is missing."""
        return await self._step(request, id, self._next)

    async def _next(
        self, session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction
    ) -> Response[Any]:
        asked, lang = under_way.asked, language(request)
        client = await session.get_one(Client, asked.client_id)
        owner = await self._owner(session, request)
        just_now = owner is not None and owner.auth_time.timestamp() >= under_way.began
        if just_now:
            asked = replace(asked, prompts=tuple(each for each in asked.prompts if each == "consent"), max_age=None)
        lacks = missing(asked, owner, self._now())
        if owner is None or (lacks == "login_required" and not just_now):
            if under_way.challenge and not request.query_params.get("again"):
                return self._render.page(lang, "code.html", id=id_)
            return self._render.page(lang, "sign_in.html", id=id_, client=_named(client, lang), hint=asked.login_hint)
        if lacks == "acr" and owner.ial < 2 and self._outside.identity is not None:
            level = asked.acr.values[0] if asked.acr.values else asked.least_acr
            return self._render.page(lang, "identity.html", id=id_, client=_named(client, lang), level=level)
        if error := refusal(asked, owner):
            return await self._answer(id_, asked, {"error": error})
        if await self._asks_consent(session, asked, owner, client):
            return self._render.consent(lang, id_, _named(client, lang), asked.scope)
        return await self._answer(id_, asked, {"code": await issue_code(self._environment, asked, owner)})

    async def _phone(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Send a code to a phone."""

        async def work(_: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            phone = normal_phone((await request.form()).get("phone", ""))
            challenge, code = await self._codes.begin(phone)
            await self._outside.send_code(phone, code, challenge[:32])
            await self._transactions.save(id_, replace(under_way, challenge=challenge))
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _code(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Sign in with the code that was sent."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            code = (await request.form()).get("code", "")
            phone = await self._codes.finish(under_way.challenge, code.strip())
            environment = self._environment
            account, identity = await sign_in_by_phone(session, environment.clock, environment.keys, phone)
            who = SignIn(
                account_id=account.id,
                identity_id=identity.id,
                client_id=BROWSER,
                channel="web",
                ial=account.ial,
                aal=1,
                amr=("sms",),
                device=request.headers.get("user-agent", "")[:120],
            )
            return await self._signed_in(session, request, id_, replace(under_way, challenge=""), who)

        return await self._step(request, id, work)

    async def _identity(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Compare name and ID number with the register."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, _: Transaction) -> Response[Any]:
            form = await request.form()
            owner, service = await self._owner(session, request), self._outside.identity
            if owner is None or service is None:
                return self._back(request, id_)
            name, number = form.get("name", ""), form.get("id_number", "")
            if not await service.match(name, number):
                raise NoMatchError(TEXTS[language(request)].no_match)
            evidence = Evidence(name, number, "population-register", ial_of("platform", "population-register"))
            account = await prove(session, self._environment.clock, self._environment.keys, owner, evidence)
            await self._record(session, owner, "account.proven", f"account:{account.id}")
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _consent(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Write the resident's answer down and go on."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if (await request.form()).get("answer") != "yes" or owner is None:
                return await self._answer(id_, under_way.asked, {"error": "access_denied"})
            client = await session.get_one(Client, under_way.asked.client_id)
            agree(session, self._environment.clock, owner.account_id, client, under_way.asked.scope.split())
            await self._record(session, owner, "consent.given", f"client:{client.client_id}")
            prompts = tuple(each for each in under_way.asked.prompts if each != "consent")
            under_way = replace(under_way, asked=replace(under_way.asked, prompts=prompts))
            return await self._next(session, request, id_, under_way)

        return await self._step(request, id, work)

    async def _cancel(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Tell the client that the resident does not want to."""

        async def work(_: AsyncSession, __: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            return await self._answer(id_, under_way.asked, {"error": "access_denied"})

        return await self._step(request, id, work)

    async def _step(self, request: AnyRequest, id_: str, work: Any) -> Response[Any]:
        """Do one step of this browser's sign-in in one transaction; what goes wrong is said on the page."""
        try:
            under_way = await self._transactions.read(id_, self._cookie(request, BROWSER_COOKIE))
        except YiwangError as error:
            return self._render.message(language(request), "cannot_go_on", error.message, error.fix, status=400)
        try:
            async with self._database.session() as session:
                found: Response[Any] = await work(session, request, id_, under_way)
                return found
        except YiwangError as error:
            return await self._again(request, id_, f"{error.message}. {error.fix}" if error.fix else error.message)

    async def _again(self, request: AnyRequest, id_: str, said: str) -> Response[Any]:
        under_way = await self._transactions.read(id_, self._cookie(request, BROWSER_COOKIE))
        async with self._database.session() as session:
            shown = await self._next(session, request, id_, under_way)
        return self._render.with_error(shown, said)

    async def _signed_in(
        self, session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction, who: SignIn
    ) -> Response[Any]:
        """Begin the browser's session, or raise the one it has: a new cookie either way (OWASP ASVS 7.2.4)."""
        secret, clock = new_secret(), self._environment.clock
        before = await self._owner(session, request)
        if before is not None and before.account_id == who.account_id:
            raise_assurance(session, clock, before, who)
            before.cookie_digest = digest(secret)
        else:
            if before is not None:
                await end(session, clock, [before.sid], "another account signed in")
            await begin(session, clock, who, self._lifetimes, cookie_digest=digest(secret))
        await session.flush()
        await self._transactions.save(id_, under_way)
        answer = self._back(request, id_)
        answer.set_cookie(cookie(SESSION, secret, self._environment.issuer))
        return answer

    async def _answer(self, id_: str, asked: Asked, params: dict[str, str]) -> Response[Any]:
        """End a sign-in, once."""
        if not await self._transactions.end(id_):
            return self._render.message(asked.locale, "cannot_go_on", status=400)  # type: ignore[arg-type]  # zh or en
        return response(deliver(self._environment.issuer, asked, params))

    async def _owner(self, session: AsyncSession, request: AnyRequest) -> Session | None:
        return await session_of(session, self._environment.clock, self._cookie(request, SESSION), self._lifetimes)

    async def _asks_consent(self, session: AsyncSession, asked: Asked, owner: Session, client: Client) -> bool:
        wanted = ASKED & set(asked.scope.split())
        if client.first_party or not (wanted or "consent" in asked.prompts):
            return False
        return "consent" in asked.prompts or not wanted <= await agreed(session, owner.account_id, client.client_id)

    async def _record(self, session: AsyncSession, owner: Session, action: str, object_: str) -> None:
        """Write to the audit log what a resident has done."""
        level = level_of(owner.ial, owner.aal)
        event = Event(actor=f"account:{owner.account_id}", acr=level, action=action, object=object_)
        await append(session, self._environment.clock, event)

    def _back(self, request: AnyRequest, id_: str) -> Response[Any]:
        return Response("", status_code=303, headers={"location": f"/sign-in/{id_}?lang={language(request)}"})

    def _cookie(self, request: AnyRequest, name: str) -> str:
        return request.cookies.get(cookie_name(name, self._environment.issuer), "")

    def _now(self) -> float:
        return self._environment.clock.now().timestamp()


def _named(client: Client, lang: str) -> str:
    return client.name_zh if lang == "zh" else client.name_en
