"""``/passkeys``: residents see, add and remove their passkeys, in a browser that has just signed them in itself."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.passkeys import Held, label_of, passkeys_of
from auth.accounts.tables import Account
from auth.assurance import level_of
from auth.assurance_tables import IN_PERSON
from auth.errors import UnknownIdentityError
from auth.linking import REAL_PERSON
from auth.provider.browser import form_token, is_own_form
from auth.provider.lacking import missing, own_page
from auth.provider.passkeys import added_by, ask_for_new, demanded_of, judged
from auth.residents import windows
from auth.residents.ways_in import part
from auth.sessions.tables import Session
from gateway.http.sign_on.answers import typed
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.steps import SESSION, Steps
from gateway.http.sign_on.texts import TEXTS
from kernel.audit.entries import Event, append
from kernel.clock import CHINA
from kernel.errors import YiwangError
from kernel.masks import masked_name

AnyRequest = Request[Any, Any, Any]
_PAGE = "/passkeys"
_WEAK = ("passkey.step-up", "passkey.stale")
_SIGN_IN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class OwnPasskeys(Steps):
    """The page of one process."""

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [
            get(_PAGE, exception_handlers=ON_PAGES)(self._page),
            post(f"{_PAGE}/add", exception_handlers=ON_PAGES)(self._add),
            post(f"{_PAGE}/remove", exception_handlers=ON_PAGES)(self._remove),
            post(f"{_PAGE}/window", exception_handlers=ON_PAGES)(self._window),
        ]

    async def _page(self, request: AnyRequest) -> Response[Any]:
        """Show the passkeys of who has just signed in, and have everybody else do so first."""
        if "error" in request.query_params:
            return self._render.message(language(request), "passkeys_left", None)
        return await self._shown(request)

    async def _add(self, request: AnyRequest) -> Response[Any]:
        """Take a passkey that the browser has made."""
        form = await typed(request)

        async def work(session: AsyncSession, owner: Session) -> None:
            label = form.get("label", "").strip() or TEXTS[language(request)].passkey.name
            held = await added_by(session, self._environment, owner, form.get("credential", ""), label)
            bound = not held.passkey.backup_eligible
            await self._audit(session, owner, "passkey.added", held, device_bound=bound, aaguid=held.passkey.aaguid)

        return await self._changed(request, work)

    async def _remove(self, request: AnyRequest) -> Response[Any]:
        """Give a passkey up, by the rules of every way in."""
        wanted = (await typed(request)).get("passkey", "")

        async def work(session: AsyncSession, owner: Session) -> None:
            held = await passkeys_of(session, owner.account_id)
            leaving = next((each for each in held if str(each.identity.id) == wanted), None)
            if leaving is None:
                raise UnknownIdentityError("The account has no such passkey", fix="Choose one that the page lists.")
            await part(session, self._environment.clock, owner, leaving.identity.id)
            await self._audit(session, owner, "identity.unlinked", leaving)

        return await self._changed(request, work)

    async def _window(self, request: AnyRequest) -> Response[Any]:
        """Show a code for the officer at a service window, of who is signed in here."""
        if not await self._is_ours(request):
            return await self._shown(request)
        async with self._database.session() as session:
            owner = await self._fresh(session, request)
            code = await windows.show(self._environment.redis, owner) if owner is not None else ""
        if not code:
            return await self._signs_in(request, adds=False)
        return self._render.page(language(request), "window.html", code=code, address=_anywhere(request))

    async def _changed(self, request: AnyRequest, work: Any) -> Response[Any]:
        """Do something for who is signed in, in one transaction, and show what has come of it.

        It takes the page's token: the cookie alone comes along with forms of other sites of the same domain.
        """
        if not await self._is_ours(request):
            return await self._shown(request)
        try:
            async with self._database.session() as session:
                owner = await self._fresh(session, request)
                if owner is not None:
                    await work(session, owner)
        except YiwangError as error:
            return self._render.with_error(await self._shown(request), language(request), error.code)
        if owner is None:
            return await self._signs_in(request, adds=False)
        return Response("", status_code=303, headers={"location": _address(request)})

    async def _is_ours(self, request: AnyRequest) -> bool:
        return is_own_form((await typed(request)).get("token", ""), self._cookie(request, SESSION))

    async def _shown(self, request: AnyRequest) -> Response[Any]:
        adds = bool(request.query_params.get("add"))
        async with self._database.session() as session:
            owner = await self._fresh(session, request)
            if owner is not None:
                account = await session.get_one(Account, owner.account_id)
                decision = await judged(session, self._environment.clock, owner, account)
                if decision or not adds or decision.rule == "passkey.too-many":
                    return await self._listed(session, request, owner, may_add=bool(decision), rule=decision.rule)
        return await self._signs_in(request, adds=adds)

    async def _listed(
        self, session: AsyncSession, request: AnyRequest, owner: Session, *, may_add: bool, rule: str
    ) -> Response[Any]:
        lang, cipher = language(request), self._environment.keys.cipher
        said = TEXTS[lang].passkey
        account = await session.get_one(Account, owner.account_id)
        name = masked_name(cipher.open("account.name", account.id, account.name)) if account.name else "一网"
        held = await passkeys_of(session, account.id)
        lines = [
            {
                "id": each.identity.id,
                "label": label_of(cipher, each),
                "kind": said.synced if each.passkey.backup_eligible else said.bound,
                "since": f"{each.identity.created_at.astimezone(CHINA):%Y-%m-%d}",
                "used": f"{each.identity.last_used_at.astimezone(CHINA):%Y-%m-%d}",
            }
            for each in held
        ]
        passkey = await ask_for_new(session, self._environment, owner, name) if may_add else ""
        stronger = _address(request, add="1") if rule in _WEAK else ""
        back = request.query_params.get("sign_in", "")
        return self._render.page(
            lang,
            "passkeys.html",
            lines=lines,
            token=form_token(self._cookie(request, SESSION)),
            passkey=passkey,
            stronger=stronger,
            at_window=account.ial < IN_PERSON,
            query=_address(request).partition("?")[2],
            address=_anywhere(request),
            back=back if _SIGN_IN.fullmatch(back) else "",
        )

    async def _fresh(self, session: AsyncSession, request: AnyRequest) -> Session | None:
        """Return the session of who has signed in here within five minutes, with two factors once they are proven."""
        owner = await self._owner(session, request)
        if owner is None:
            return None
        account: Account = await session.get_one(Account, owner.account_id)
        return None if missing(own_page(_PAGE, _least(account)), owner, self._now()) else owner

    async def _signs_in(self, request: AnyRequest, *, adds: bool) -> Response[Any]:
        """Have the resident sign in here, and come back: as strongly as they can if they are to add a passkey."""
        least = 1
        async with self._database.session() as session:
            owner = await self._owner(session, request)
            if owner is not None:
                account: Account = await session.get_one(Account, owner.account_id)
                least = await demanded_of(session, account.id) if adds else _least(account)
        back = f"{self._environment.issuer}{_address(request, **({'add': '1'} if adds else {}))}"
        return await self._begun(request, own_page(back, least, language(request)))

    async def _audit(self, session: AsyncSession, owner: Session, action: str, held: Held, **details: Any) -> None:
        event = Event(
            actor=f"account:{owner.account_id}",
            acr=level_of(owner.ial, owner.aal),
            action=action,
            object=f"identity:{held.identity.id}",
            details=details,
        )
        await append(session, self._environment.clock, event)


def _least(account: Account) -> int:
    """Return what a sign-in is worth at least (``aal``) that sees an account's passkeys and may remove them."""
    return 2 if account.ial >= REAL_PERSON else 1


def _address(request: AnyRequest, **more: str) -> str:
    """Return the page's address, in this language, with the sign-in that it came from."""
    return f"{_anywhere(request)}{urlencode({'lang': language(request)} | more)}"


def _anywhere(request: AnyRequest) -> str:
    """Return the page's address up to where its language is said."""
    back = request.query_params.get("sign_in", "")
    return f"{_PAGE}?sign_in={back}&" if _SIGN_IN.fullmatch(back) else f"{_PAGE}?"
