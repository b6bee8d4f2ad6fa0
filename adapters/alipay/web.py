"""Signing in with Alipay in a browser: its authorization page, and the token call of the same app."""

from collections.abc import Awaitable, Callable, Mapping

from adapters.alipay.app import AlipayWebsite
from adapters.channel import HostIdentity, Provider
from adapters.links import with_query
from adapters.web_pages import brought_code


class AlipayWebSignIn:
    """Implements WebSignIn for the app ``app_id``; ``sign_in`` exchanges a code as the mini-program's are."""

    provider: Provider = "alipay"

    def __init__(self, app_id: str, website: AlipayWebsite, sign_in: Callable[[str], Awaitable[HostIdentity]]) -> None:
        self._app_id = app_id
        self._website = website
        self._sign_in = sign_in

    def address(self, state: str, return_url: str) -> str:
        query = {
            "app_id": self._app_id,
            "scope": self._website.scope,
            "redirect_uri": return_url,
            "state": state,  # up to 100 characters
        }
        return with_query(self._website.page, query)

    async def finish(self, brought: Mapping[str, str], return_url: str) -> HostIdentity:  # noqa: ARG002 - the interface's
        return await self._sign_in(brought_code(brought, "auth_code", "Alipay"))
