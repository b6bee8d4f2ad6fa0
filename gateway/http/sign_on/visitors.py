"""Who visits the sign-in pages: a site's name, a browser's, and the sign-in of whoever has shown something there."""

from typing import Any

from litestar import Request

from auth.accounts.tables import Account, Identity
from auth.clients.clients import BROWSER
from auth.clients.tables import Client
from auth.sessions.sessions import SignIn

AnyRequest = Request[Any, Any, Any]


def named(client: Client, lang: str) -> str:
    """Return a client's name in a language."""
    return client.name_zh if lang == "zh" else client.name_en


def by_browser(request: AnyRequest, account: Account, identity: Identity, method: str) -> SignIn:
    """Return the sign-in of a browser whose resident has shown one factor, ``method`` (``amr``)."""
    return SignIn(
        account_id=account.id,
        identity_id=identity.id,
        client_id=BROWSER,
        channel="web",
        ial=account.ial,
        aal=1,
        amr=(method,),
        device=device_of(request),
    )


def device_of(request: AnyRequest) -> str:
    """Return what a browser calls itself, for the list of sessions that its resident sees."""
    return request.headers.get("user-agent", "")[:120]
