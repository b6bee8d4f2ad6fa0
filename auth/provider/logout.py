"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): who asks, whether it is believed, where it leads."""

from urllib.parse import urlencode

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.errors import HintRefusedError, LogoutRefusedError
from auth.provider.environment import Environment
from auth.provider.hints import read_hint
from auth.provider.requests import ProviderRequest


class LogoutRequest(Struct, frozen=True):
    """A valid request. Without a ``sid`` (no hint) the resident is asked; ``target`` is empty or registered.

    ``client`` is whose site sent the resident, as far as its hint tells.
    """

    sid: str
    target: str
    client: Client | None = None


async def read_logout(session: AsyncSession, environment: Environment, request: ProviderRequest) -> LogoutRequest:
    """Judge a logout request. Raises HintRefusedError and LogoutRefusedError: such a one never leads anywhere."""
    data = request.payload.data
    hint = data.get("id_token_hint", "")
    if not hint:
        return LogoutRequest("", "")  # without a hint nobody knows who wants to be led away
    meant = read_hint(environment, hint)
    if data.get("client_id", meant.aud) != meant.aud:
        raise HintRefusedError("The ID token is another client's", fix="Send the one that this client was given.")
    client = await session.get(Client, meant.aud)
    wanted = data.get("post_logout_redirect_uri", "")
    if not wanted:
        return LogoutRequest(meant.sid, "", client)
    if client is None or wanted not in client.post_logout_redirect_uris:
        raise LogoutRefusedError("The address to return to is not registered", fix="Register it, letter for letter.")
    state = data.get("state", "")
    separator = "&" if "?" in wanted else "?"
    return LogoutRequest(meant.sid, f"{wanted}{separator}{urlencode({'state': state})}" if state else wanted, client)
