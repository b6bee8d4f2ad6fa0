"""What the steps of a sign-in share: whose browser it is, what comes next, and the one transaction of each step."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.passkeys import keys_for
from auth.accounts.phone_codes import PhoneCodes
from auth.accounts.tables import Account
from auth.assurance import Level, level_of
from auth.clients.clients import BROWSER
from auth.clients.grants import ASKED, agreed
from auth.clients.tables import Client
from auth.consents.ledger import Between, inform
from auth.consents.purposes import OWN
from auth.errors import TransactionGoneError
from auth.provider.app_approvals import AppApprovals
from auth.provider.authorize import Asked, deliver, issue_code
from auth.provider.browser import Transaction, Transactions, digest, new_secret, session_of
from auth.provider.lacking import is_own, missing, reachable, refusal, step_up_to
from auth.provider.passkeys import ask
from auth.residents.proofs import FACE_AAL
from auth.sessions.sessions import SignIn, begin, browser_lifetimes, by_session, end, live, raise_assurance
from auth.sessions.tables import Session
from gateway.http.sign_on.answers import cookie, cookie_name, response
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.rendering import Renderer, language
from gateway.http.sign_on.requesters import Requesters
from gateway.http.sign_on.services import SignInServices
from gateway.http.sign_on.texts import Lang
from gateway.http.sign_on.visitors import device_of, named
from kernel.audit.entries import Event, append
from kernel.errors import YiwangError
from schema.context import Platform

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
SESSION, BROWSER_COOKIE = "op", "browser"
_BROWSER_SECONDS = int(timedelta(days=1).total_seconds())


class Steps:
    """The machinery of one process's sign-in pages."""

    def __init__(self, platform: Platform, services: SignInServices) -> None:
        self._platform = platform
        self._database = platform.database
        self._environment = environment = platform.environment
        self._services = services
        self._transactions = Transactions(environment.redis, environment.keys.cipher)
        self._approvals = AppApprovals(environment.redis)
        self._codes = PhoneCodes(environment.redis, environment.keys, environment.settings)
        self._requesters = Requesters(environment.settings)
        self._lifetimes = browser_lifetimes(environment.settings)
        self._purposes = platform.purposes
        self._render = Renderer()

    @staticmethod
    def _posts(*steps: Callable[..., Awaitable[Response[Any]]]) -> list[HTTPRouteHandler]:
        """Return the handlers of a sign-in's forms, each at its method's name."""
        names = [(step, step.__name__.removeprefix("_")) for step in steps]
        return [
            post(f"/sign-in/{{id:str}}/{name}", name=f"sign-in-{name}", exception_handlers=ON_PAGES)(step)
            for step, name in names
        ]

    async def _begun(self, request: AnyRequest, asked: Asked) -> Response[Any]:
        """Begin a sign-in in this browser."""
        browser = self._cookie(request, BROWSER_COOKIE) or new_secret()
        asked = replace(asked, locale=asked.locale or language(request))
        id_ = await self._transactions.begin(asked, browser, self._now())
        where = f"/sign-in/{id_}?lang={asked.locale}"
        answer: Response[Any] = Response("", status_code=303, headers={"location": where})
        answer.set_cookie(cookie(BROWSER_COOKIE, browser, self._environment.issuer, _BROWSER_SECONDS))
        return answer

    async def _next(
        self, session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction
    ) -> Response[Any]:
        asked, lang = under_way.asked, language(request)
        client = await session.get_one(Client, asked.client_id)
        owner = await self._owner(session, request)
        just_now = owner is not None and owner.auth_time.timestamp() >= under_way.began
        if just_now:
            asked = replace(asked, prompts=tuple(each for each in asked.prompts if each == "consent"), max_age=None)
        reach = await self._reach(session, owner)
        lacks = missing(asked, owner, self._now(), reach)
        if (owner is None or lacks) and (shown := await self._waiting(session, request, id_, under_way)):
            return shown
        if owner is None or (lacks == "login_required" and not just_now):
            notices = self._purposes.notices(OWN)
            told = {each.id: each.version for each in notices}
            if told != under_way.told:
                await self._transactions.save(id_, replace(under_way, told=told))
            return self._render.sign_in(
                lang,
                id_,
                notices,
                client=named(client, lang),
                hint=asked.login_hint,
                hosts=self._services.hosts,
                by_app=not is_own(asked),
                passkey=await ask(self._environment, id_),
            )
        if lacks == "acr":
            return await self._step_up(session, lang, id_, asked, owner)
        if error := refusal(asked, owner, reach):
            return await self._answer(id_, asked, {"error": error})
        if await self._asks_consent(session, asked, owner, client):
            return self._render.consent(lang, id_, named(client, lang), asked.scope)
        params = {} if is_own(asked) else {"code": await issue_code(self._environment, asked, owner)}
        return await self._answer(id_, asked, params)

    async def _step_up(
        self, session: AsyncSession, lang: Lang, id_: str, asked: Asked, owner: Session
    ) -> Response[Any]:
        """Return the page by which a resident can reach the level that is asked for.

        Here they can prove who they are only if they signed in here: whoever sent them a link that opened an app's
        session would become their person. And a session is never above its parent. A passkey is proof wherever it is.
        """
        account = await session.get_one(Account, owner.account_id)
        reach, here, own = reachable(account.ial), owner.parent_sid is None, is_own(asked)
        level = step_up_to(asked, owner, reach)
        client = named(await session.get_one(Client, asked.client_id), lang)
        wished = not own and not refusal(asked, owner, reach)
        shown: dict[str, Any] = {"id": id_, "client": client, "level": level, "wished": wished}
        if here and level == "L2" and self._services.identity is not None:
            return self._render.page(lang, "identity.html", purpose=self._purpose(lang, "real-name"), **shown)
        keys = await keys_for(session, account, level, asked.least_aal)
        by_face = here and self._services.faces and level != "L4" and asked.least_aal <= FACE_AAL
        return self._render.page(
            lang,
            "step_up.html",
            purpose=self._purpose(lang, "face-comparison") if by_face else "",
            known=account.id_number is not None,
            passkey=await ask(self._environment, id_, account.id, keys) if keys else "",
            lost=own and asked.least_aal > FACE_AAL,
            may_make=here and level == "L4" and not keys,
            by_app=not own and level != "L4",
            at_window=here and level != "L4" and asked.least_aal <= FACE_AAL,
            **shown,
        )

    def _purpose(self, lang: Lang, id_: str) -> str:
        """Return the words that are agreed to."""
        text = self._purposes.current(id_).text
        return text.zh if lang == "zh" else text.en

    async def _waiting(
        self, session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction
    ) -> Response[Any] | None:
        """Return the page of a way in that has been begun, None if none has, or another one is wanted."""
        if under_way.app_code:
            if sid := await self._approvals.confirmed(id_):
                parent = await live(session, self._environment.clock, sid, share=True)
                done = replace(under_way, app_code="")
                return await self._signed_in(
                    session, request, id_, done, by_session(parent, BROWSER, device_of(request)), parent=parent
                )
            if not request.query_params.get("again"):
                return self._render.page(language(request), "app.html", id=id_, code=under_way.app_code)
        if under_way.challenge and not request.query_params.get("again"):
            return self._render.page(language(request), "code.html", id=id_)
        return None

    async def _step(self, request: AnyRequest, id_: str, work: Any) -> Response[Any]:
        """Do one step of this browser's sign-in in one transaction; what goes wrong is said on the page."""
        under_way = await self._transactions.read(id_, self._cookie(request, BROWSER_COOKIE))
        try:
            async with self._database.session() as session:
                found: Response[Any] = await work(session, request, id_, under_way)
                return found
        except YiwangError as error:
            return await self._again(request, id_, error.code)

    async def _again(self, request: AnyRequest, id_: str, code: str) -> Response[Any]:
        under_way = await self._transactions.read(id_, self._cookie(request, BROWSER_COOKIE))
        async with self._database.session() as session:
            shown = await self._next(session, request, id_, under_way)
        return self._render.with_error(shown, language(request), code)

    async def _signed_in(
        self,
        session: AsyncSession,
        request: AnyRequest,
        id_: str,
        under_way: Transaction,
        who: SignIn,
        *,
        parent: Session | None = None,
    ) -> Response[Any]:
        """Begin the browser's session, or raise the one it has: a new cookie either way (OWASP ASVS 7.2.4).

        Fewer factors than the session was begun with do not raise it: its level would seem to have been shown just now.
        Nor is a session raised that hangs on an app's: whoever signs in here needs no app any longer.
        """
        secret, clock = new_secret(), self._environment.clock
        before = await self._owner(session, request)
        if before is not None and parent is None and _is_raised(before, who):
            raise_assurance(session, clock, before, who)
            before.cookie_digest = digest(secret)
        else:
            if before is not None:
                await end(session, clock, [before.sid], "replaced")
            await begin(session, clock, who, self._lifetimes, parent=parent, cookie_digest=digest(secret))
        await session.flush()
        told = [each for each in self._purposes.notices(OWN) if under_way.told.get(each.id) == each.version]
        await inform(session, clock, Between(who.account_id, BROWSER), told)
        await self._transactions.save(id_, under_way)
        answer = self._back(request, id_)
        answer.set_cookie(cookie(SESSION, secret, self._environment.issuer))
        return answer

    async def _answer(self, id_: str, asked: Asked, params: dict[str, str]) -> Response[Any]:
        """End a sign-in, once."""
        if not await self._transactions.end(id_):
            return self._render.refusal(cast("Lang", asked.locale), TransactionGoneError.code)
        if is_own(asked):
            error = f"&error={params['error']}" if params else ""
            return Response("", status_code=303, headers={"location": f"{asked.redirect_uri}{error}"})
        return response(deliver(self._environment.issuer, asked, params))

    async def _owner(self, session: AsyncSession, request: AnyRequest) -> Session | None:
        return await session_of(session, self._environment.clock, self._cookie(request, SESSION))

    async def _reach(self, session: AsyncSession, owner: Session | None) -> Level:
        """Return the level that who is signed in can reach here."""
        return reachable((await session.get_one(Account, owner.account_id)).ial if owner is not None else 1)

    async def _asks_consent(self, session: AsyncSession, asked: Asked, owner: Session, client: Client) -> bool:
        wanted = ASKED & set(asked.scope.split())
        if client.first_party or not (wanted or "consent" in asked.prompts):
            return False
        return "consent" in asked.prompts or not wanted <= await agreed(session, owner.account_id, client.client_id)

    async def _record(
        self, session: AsyncSession, owner: Session, action: str, object_: str, purposes: Sequence[str] = ()
    ) -> None:
        """Write to the audit log what a resident has done; of several purposes each has an entry."""
        level = level_of(owner.ial, owner.aal)
        event = Event(actor=f"account:{owner.account_id}", acr=level, action=action, object=object_)
        events = [replace(event, purpose=each) for each in purposes or ("",)]
        await append(session, self._environment.clock, *events)

    async def _alarm(self) -> None:
        """Say that strangely many codes are sent, in a transaction of its own: what comes after may fail."""
        most = self._environment.settings.sms_codes_alarm
        _log.error("more than %d sign-in codes were asked for within an hour", most)
        event = Event(
            actor="platform:sign_on",
            action="phone_codes.alarming",
            object="platform:phone_codes",
            details={"most": most},
        )
        async with self._database.session() as session:
            await append(session, self._environment.clock, event)

    def _back(self, request: AnyRequest, id_: str) -> Response[Any]:
        return Response("", status_code=303, headers={"location": f"/sign-in/{id_}?lang={language(request)}"})

    def _cookie(self, request: AnyRequest, name: str) -> str:
        return request.cookies.get(cookie_name(name, self._environment.issuer), "")

    def _now(self) -> float:
        return self._environment.clock.now().timestamp()


def _is_raised(before: Session, who: SignIn) -> bool:
    return before.account_id == who.account_id and before.parent_sid is None and who.aal >= before.aal
