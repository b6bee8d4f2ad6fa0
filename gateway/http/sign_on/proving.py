"""Proving who one is at the sign-in pages, by name and ID number."""

from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.clients import BROWSER
from auth.consents.errors import ConsentNeededError
from auth.consents.ledger import Between, give
from auth.errors import NoMatchError, SignInNeededError
from auth.provider.browser import Transaction
from auth.residents.attempts import attempt
from auth.residents.proofs import PROOFS, Person, matched
from auth.sessions.tables import Session
from gateway.http.sign_on.steps import Steps
from kernel.errors import YiwangError

AnyRequest = Request[Any, Any, Any]


class Proving(Steps):
    """The proofs of one process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return self._posts(self._identity)

    async def _identity(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Compare name and ID number with the register."""
        if (service := self._services.identity) is None:
            return self._back(request, id)
        admitted = await self._admitted(request, id, "real-name")
        if isinstance(admitted, Response):
            return admitted
        form = await request.form()
        person = Person(form.get("name", "").strip(), form.get("id_number", "").strip())
        try:
            matches = await service.match(person.name, person.id_number)
        except YiwangError as error:
            return await self._again(request, id, error.code)

        async def work(session: AsyncSession, request: AnyRequest, id_: str, _: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if owner is not None and owner.sid == admitted.sid:
                if not matches:
                    raise NoMatchError("Name and ID number do not belong together", fix="Compare them with the card.")
                kept = await matched(session, self._environment, owner, person)
                await self._record(session, owner, "account.proven", f"account:{kept}")
            return self._back(request, id_)

        return await self._step(request, id, work)

    async def _admitted(self, request: AnyRequest, id_: str, purpose_id: str) -> Session | Response[Any]:
        """Return the session of a resident who agrees and does not guess, or the page that says what is wrong."""
        form = await request.form()
        purpose, environment = self._purposes.current(purpose_id), self._environment
        admitted: list[Session] = []

        async def work(session: AsyncSession, request: AnyRequest, id_: str, _: Transaction) -> Response[Any]:
            owner = await self._owner(session, request)
            if owner is None:
                raise SignInNeededError("Nobody is signed in here", fix="Sign in first.")
            if form.get("agreed") != "yes":
                raise ConsentNeededError("The box was not ticked", fix="Read the purpose and tick it.")
            await attempt(environment.redis, PROOFS, owner.account_id)
            shown = self._purposes.shown({purpose.id: purpose.version})
            await give(session, environment.clock, Between(owner.account_id, BROWSER), shown)
            await self._record(session, owner, "consent.given", f"client:{BROWSER}")
            admitted.append(owner)
            return self._back(request, id_)

        answer = await self._step(request, id_, work)
        return admitted[0] if admitted else answer
