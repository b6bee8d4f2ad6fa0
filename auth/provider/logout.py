"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): who asks, whether it is believed, where it leads."""

from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.errors import LogoutRefusedError
from auth.keys.key_ring import ALGORITHMS
from auth.provider.environment import Environment
from auth.provider.requests import ProviderRequest


class LogoutRequest(Struct, frozen=True):
    """A valid request. Without a ``sid`` (no hint) the resident is asked; ``target`` is empty or registered."""

    sid: str
    target: str


async def read_logout(session: AsyncSession, environment: Environment, request: ProviderRequest) -> LogoutRequest:
    """Judge a logout request. Raises LogoutRefusedError for a hint that is not ours: it never leads anywhere."""
    data = request.payload.data
    hint = data.get("id_token_hint", "")
    if not hint:
        return LogoutRequest("", "")  # without a hint nobody knows who wants to be led away
    client_id, sid = _read_hint(environment, hint)
    if data.get("client_id", client_id) != client_id:
        raise LogoutRefusedError("The ID token is another client's", fix="Send the one that this client was given.")
    client = await session.get(Client, client_id)
    wanted = data.get("post_logout_redirect_uri", "")
    if not wanted:
        return LogoutRequest(sid, "")
    if client is None or wanted not in client.post_logout_redirect_uris:
        raise LogoutRefusedError("The address to return to is not registered", fix="Register it, letter for letter.")
    state = data.get("state", "")
    separator = "&" if "?" in wanted else "?"
    return LogoutRequest(sid, f"{wanted}{separator}{urlencode({'state': state})}" if state else wanted)


class _Hint(Struct):
    iss: str
    aud: str
    sid: str


def _read_hint(environment: Environment, hint: str) -> tuple[str, str]:
    """Return client and session of an ID token of ours, even of one that has expired."""
    now = environment.clock.now()

    def key(guest: GuestProtocol) -> Key:
        found = environment.ring().verifier(str(guest.headers().get("kid", "")), now)
        if found is None:
            raise LogoutRefusedError("The ID token is signed by no key of ours", fix="Send the newest one.")
        return found.key

    try:
        found = msgspec.convert(jwt.decode(hint, key, algorithms=list(ALGORITHMS)).claims, _Hint)
    except (JoseError, ValueError, TypeError) as error:
        raise LogoutRefusedError("The ID token cannot be verified", fix="Send the one that was given.") from error
    if found.iss != environment.issuer:
        raise LogoutRefusedError("The ID token is of another issuer", fix="Send the one that was given.")
    return found.aud, found.sid
