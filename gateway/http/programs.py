"""Programs of departments that ask with a token of their own (client credentials); one API's token is no other's."""

from collections.abc import Collection
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.errors import ScopeMissingError, TokenRefusedError
from auth.provider.environment import Environment
from auth.sessions.access_tokens import verify_program
from gateway.http.departments import AnyRequest


class Program(NamedTuple):
    """Who asks: a client, for its department."""

    client_id: str
    department: str
    scopes: frozenset[str]


async def program(
    session: AsyncSession, environment: Environment, request: AnyRequest, audience: str, needed: Collection[str]
) -> Program:
    """Say whose program asks, by its token; it has one of these scopes. Raises TokenRefusedError, ScopeMissingError."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise TokenRefusedError("This needs an access token", fix="Send Authorization: Bearer <token> (/oauth/token).")
    token = verify_program(text.strip(), environment.ring(), environment.issuer, audience, environment.clock.now())
    scopes = frozenset(token.scope.split())
    if not scopes & {*needed}:
        problem = f"The token lacks the scope {' or '.join(needed)}"
        raise ScopeMissingError(problem, fix="Ask for it, or have the client given it.")
    client = await session.get(Client, token.client_id)
    if client is None or client.status != "active" or client.department is None:
        raise TokenRefusedError("The client is suspended", fix="Ask the platform's operator.")
    return Program(client.client_id, client.department, scopes)
