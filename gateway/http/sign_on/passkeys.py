"""Signing in with a passkey, as the first factor or as the step-up of a session; the browser asks its owner."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.clients import BROWSER
from auth.errors import PasskeyClonedError
from auth.provider.browser import Transaction
from auth.provider.passkeys import signed_in_by
from gateway.http.sign_on.answers import typed
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.steps import Steps
from gateway.http.sign_on.visitors import device_of

AnyRequest = Request[Any, Any, Any]
SCRIPT = (Path(__file__).parent / "templates" / "passkey.js").read_text(encoding="utf-8")


@get("/sign-in/passkey.js", sync_to_thread=False)
def script() -> Response[str]:
    """Return the script of the pages that ask for a passkey."""
    return Response(SCRIPT, media_type="text/javascript", headers={"cache-control": "public, max-age=3600"})


class Passkeys(Steps):
    """Passkeys in the sign-ins of one process."""

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [*self._posts(self._passkey), script]

    async def _passkey(self, request: AnyRequest, id: FromPath[str]) -> Response[Any]:  # noqa: A002 - the path's name
        """Sign in whose passkey has signed the page's challenge."""

        async def work(session: AsyncSession, request: AnyRequest, id_: str, under_way: Transaction) -> Response[Any]:
            credential = (await typed(request)).get("credential", "")
            signed = await signed_in_by(session, self._environment, id_, credential)
            if signed.cloned:  # what was given up for it is to be committed
                shown = await self._next(session, request, id_, under_way)
                return self._render.with_error(shown, language(request), PasskeyClonedError.code)
            who = signed.sign_in(BROWSER, device_of(request))
            done = replace(under_way, challenge="", app_code="")
            return await self._signed_in(session, request, id_, done, who)

        return await self._step(request, id, work)
