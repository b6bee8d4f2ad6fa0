"""Proving who one is at the sign-in pages: by name and ID number, by a face check, or to an officer at a window.

A face check ends at ``/face-check``, with a code that only the browser gets that looked into the camera. It counts if
that browser began it; a mini-program's is handed back to the mini-program, whose session has to have begun it. So
nobody is proven by a check of theirs that somebody else looked into the camera for.
"""

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from auth.clients.clients import BROWSER
from auth.consents.errors import ConsentNeededError
from auth.consents.ledger import Between, give
from auth.errors import (
    FaceCheckElsewhereError,
    FaceCheckFailedError,
    NoMatchError,
    SignInNeededError,
    TransactionGoneError,
)
from auth.provider.browser import Transaction, digest
from auth.residents import windows
from auth.residents.attempts import attempt
from auth.residents.proofs import (
    FACE_CHECK_SECONDS,
    PROOFS,
    Begun,
    Person,
    finished,
    has_finished,
    look_up,
    matched,
    person_of,
    remember,
    seen,
    stepped,
    take,
)
from gateway.http.sign_on.answers import typed
from gateway.http.sign_on.bridges import BRIDGES
from gateway.http.sign_on.failures import ON_PAGES
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.steps import BROWSER_COOKIE, Steps
from kernel.errors import YiwangError
from kernel.ids import random_id

AnyRequest = Request[Any, Any, Any]

_PAGE = "/face-check"
_FACE = "face-comparison"
SCRIPT = (Path(__file__).parent / "templates" / "face_check.js").read_text(encoding="utf-8")


@get("/face-check.js", sync_to_thread=False)
def script() -> Response[str]:
    """Return the script of the page that hands a face check back to a mini-program."""
    return Response(SCRIPT, media_type="text/javascript", headers={"cache-control": "public, max-age=3600"})


class Proving(Steps):
    """The proofs of one process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [
            *self._posts(self._identity, self._face, self._window),
            get(_PAGE, exception_handlers=ON_PAGES)(self._face_check),
            script,
        ]

    async def _identity(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Compare name and ID number with the register."""
        if (service := self._services.identity) is None:
            return self._back(request, id)
        begun = await self._admitted(request, id, "real-name")
        if isinstance(begun, Response):
            return begun
        person = begun.person
        try:
            matches = await service.match(person.name, person.id_number)
        except YiwangError as error:
            return await self._again(request, id, error.code)

        async def work(session: AsyncSession, request: AnyRequest, id_: str, _: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if owner is not None and owner.sid == begun.sid:
                if not matches:
                    raise NoMatchError("Name and ID number do not belong together", fix="Compare them with the card.")
                kept = await matched(session, self._environment, owner, person)
                await self._record(session, owner, "account.proven", f"account:{kept}")
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _face(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Begin a face check, and lead the browser to it."""
        if (service := self._services.faces) is None:
            return self._back(request, id)
        begun = await self._admitted(request, id, _FACE)
        if isinstance(begun, Response):
            return begun
        person, back = begun.person, f"{self._environment.issuer}{_PAGE}?lang={language(request)}"
        try:
            check = await service.begin_face_check(random_id(), person.name, person.id_number, back)
        except YiwangError as error:
            return await self._again(request, id, error.code)
        await remember(self._environment, check.id, begun)
        return Response("", status_code=303, headers={"location": check.url})

    async def _window(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - as above
        """Show a code for the officer at a service window."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            if (owner := await self._owner(session, request)) is None:
                return self._back(request, id_)
            code = await windows.show(self._environment.redis, owner)
            await self._transactions.save(id_, under_way)
            address = f"/sign-in/{id_}?"
            return self._render.page(language(request), "window.html", code=code, address=address, id=id_)

        return await self._step(request, id, work)

    async def _face_check(self, request: AnyRequest) -> Response[Any]:
        """Go on after a face check, with whoever looked into the camera."""
        given, lang = request.query_params, language(request)
        check, code = given.get("check", ""), given.get("code", "")
        begun = await look_up(self._environment, check) if check else None
        if begun is not None and begun.page and (bridge := BRIDGES.get(begun.host)):
            return self._render.page(lang, "face_check.html", script=bridge.script, bridge=bridge.name, page=begun.page)
        if begun is not None and begun.sign_in:
            try:
                await self._transactions.read(begun.sign_in, self._cookie(request, BROWSER_COOKIE))
            except TransactionGoneError:
                if begun.browser == digest(self._cookie(request, BROWSER_COOKIE)):
                    raise  # the sign-in is over, and nobody else's
                return self._elsewhere(request)
            return await self._finished(request, begun, check, code)
        if check and await has_finished(self._environment, check, digest(self._cookie(request, BROWSER_COOKIE))):
            return self._render.message(lang, "face_done", None)
        if check:
            return self._elsewhere(request)
        raise FaceCheckElsewhereError("The face check was begun elsewhere, or is over", fix="Begin one here.")

    async def _finished(self, request: AnyRequest, begun: Begun, check: str, code: str) -> Response[Any]:
        """Raise the session of the browser that began a check, if it is the one that is signed in still."""
        environment = self._environment
        if (service := self._services.faces) is None:
            return self._elsewhere(request)

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            person = await take(environment, owner, check) if owner is not None else None
            if owner is None or person is None:
                return self._elsewhere(request)
            kept = await seen(session, environment, owner, person)
            if under_way.asked.account_id == owner.account_id:  # whom the client means is the same person still
                under_way = replace(under_way, asked=replace(under_way.asked, account_id=kept))
            who = stepped(owner, await session.get_one(Account, kept))
            answer = await self._signed_in(session, request, id_, under_way, who)
            await self._record(session, owner, "account.proven", f"account:{kept}")
            await finished(environment, check, under_way.browser)
            return answer

        try:
            state = await service.face_check_result(check, code)
        except YiwangError as error:
            return await self._again(request, begun.sign_in, error.code)
        if state != "passed":
            return await self._again(request, begun.sign_in, FaceCheckFailedError.code)
        return await self._step(request, begun.sign_in, work)

    def _elsewhere(self, request: AnyRequest) -> Response[Any]:
        """Say that a check is not this browser's, at an address that has no code."""
        return Response("", status_code=303, headers={"location": f"{_PAGE}?lang={language(request)}"})

    async def _admitted(self, request: AnyRequest, id_: str, purpose_id: str) -> Begun | Response[Any]:
        """Return what a resident begins who agrees to its purpose and does not guess, or the page that says why not.

        It is of the person that the account is proven to be, else of the one that is named.
        """
        form = await typed(request)
        named = Person(form.get("name", "").strip(), form.get("id_number", "").strip())
        purpose, environment = self._purposes.current(purpose_id), self._environment
        admitted: list[Begun] = []

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if owner is None:
                raise SignInNeededError("Nobody is signed in here", fix="Sign in first.")
            if form.get("agreed") != "yes":
                raise ConsentNeededError("The box was not ticked", fix="Read the purpose and tick it.")
            if owner.parent_sid is not None:
                return self._back(request, id_)  # to the page that leads to the app
            await attempt(environment.redis, PROOFS, owner.account_id)
            shown = self._purposes.shown({purpose.id: purpose.version})
            await give(session, environment.clock, Between(owner.account_id, BROWSER), shown)
            known = await person_of(session, environment, owner)
            await self._record(session, owner, "consent.given", f"client:{BROWSER}", [purpose.id])
            await self._transactions.save(id_, under_way, FACE_CHECK_SECONDS)
            admitted.append(Begun(sid=owner.sid, person=known or named, sign_in=id_, browser=under_way.browser))
            return self._back(request, id_)

        answer = await self._step(request, id_, work)
        return admitted[0] if admitted else answer
