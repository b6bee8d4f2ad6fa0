"""Registering clients: the platform's own front ends, and departments' sites by ``yiwang client``."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.jwks import signing_keys
from auth.clients.pairwise import FIRST_PARTY, department_sector
from auth.clients.secrets import PROGRAM_SCOPES, SCOPES, secret_digest
from auth.clients.tables import Client
from auth.errors import ClientRefusedError, ClientUnknownError
from auth.sessions.access_tokens import GRAPH
from auth.sessions.sessions import revoke_family
from auth.sessions.tables import TokenFamily
from kernel.clock import Clock

BROWSER = "yiwang"
"""The client of the sign-in page itself, whose sessions are browsers'."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")  # as hosts give them
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


async def ensure_own(session: AsyncSession, clock: Clock, redirect_uris: Mapping[str, Sequence[str]]) -> None:
    """Register the sign-in page and our own apps; a web app comes back to its redirect URIs, the others have none.

    Raises ClientRefusedError for an id that the audit log would not take.
    """
    for client_id, uris in {BROWSER: (), **redirect_uris}.items():
        if not _OWN_ID.fullmatch(client_id):
            raise ClientRefusedError(f"{client_id!r} is no app id", fix="Copy it from the host app's console.")
        row = Client(
            client_id=client_id,
            name_zh="一网",
            name_en="Yiwang",
            first_party=True,
            auth_method="none",
            sector=FIRST_PARTY,
            redirect_uris=list(uris),
            created_at=clock.now(),
        )
        made = insert(Client).values(**row.model_dump())
        update = {"redirect_uris": made.excluded.redirect_uris}
        await session.exec(made.on_conflict_do_update(index_elements=["client_id"], set_=update))


async def register(session: AsyncSession, clock: Clock, client: Client) -> str:
    """Register a department's client and return its secret, empty for one with keys. Raises ClientRefusedError."""
    _check(client)
    if await session.get(Client, client.client_id) is not None:
        raise ClientRefusedError(f"There is a client {client.client_id} already", fix="Choose another id.")
    client.sector = client.sector or (department_sector(client.department) if client.department else "")
    client.created_at = clock.now()
    secret = ""
    if client.auth_method.startswith("client_secret"):
        secret = f"ycs_{secrets.token_urlsafe(32)}"
        client.secret_digest = secret_digest(secret)
    session.add(client)
    await session.flush()
    return secret


async def find_client(session: AsyncSession, client_id: str) -> Client:
    """Return a client. Raises ClientUnknownError."""
    client = await session.get(Client, client_id)
    if client is None:
        raise ClientUnknownError(f"There is no client {client_id!r}", fix="yiwang client list shows them.")
    return client


async def all_clients(session: AsyncSession) -> Sequence[Client]:
    """Return all clients, by id."""
    return (await session.exec(select(Client).order_by(Client.client_id))).all()


async def suspend(session: AsyncSession, clock: Clock, client_id: str) -> int:
    """Let nobody sign in to a client, and make all its tokens worthless; return how many families they were of.

    Raises ClientUnknownError, and ClientRefusedError for the platform's own.
    """
    client = await find_client(session, client_id)
    if client.first_party:
        raise ClientRefusedError("The platform's own clients are not suspended", fix="Take its app off the settings.")
    client.status = "suspended"
    session.add(client)
    query = select(TokenFamily).where(TokenFamily.client_id == client_id, col(TokenFamily.revoked_at).is_(None))
    families = (await session.exec(query)).all()
    for family in families:
        await revoke_family(session, clock, family, "client suspended")
    return len(families)


async def resume(session: AsyncSession, client_id: str) -> None:
    """Let residents sign in to a client again, which they must do anew. Raises ClientUnknownError."""
    client = await find_client(session, client_id)
    client.status = "active"
    session.add(client)


def _check(client: Client) -> None:
    high, by_key = client.tier != "T1", client.auth_method == "private_key_jwt"
    program = {*client.scopes} & {*PROGRAM_SCOPES}
    known = {*SCOPES, *PROGRAM_SCOPES}
    unknown = [scope for scope in client.scopes if scope not in known and not scope.startswith("exchange:")]
    returns = (*client.redirect_uris, *client.post_logout_redirect_uris)
    uris = [uri for uri in (*returns, client.initiate_login_uri, client.backchannel_logout_uri, client.jwks_uri) if uri]
    unusable = [uri for uri in uris if not _usable(uri)]
    problems: list[tuple[object, str, str]] = [
        (
            not _ID.fullmatch(client.client_id),
            "The id is too short, too long or has other characters",
            "Use 3 to 64 of a-z 0-9 . _ -",
        ),
        (client.client_id == GRAPH, "The id is the graph's own", "Choose another, which is no audience yet."),
        (not (program or client.redirect_uris), "A redirect URI is needed", "Name where residents come back to."),
        (high and not by_key, "Tiers T2 and T3 authenticate by a key", "Register a JWK Set."),
        (client.auth_method == "none", "A department's site authenticates itself", "Use a secret or a key."),
        (
            high and not program and not client.backchannel_logout_uri,
            "Tiers T2 and T3 hear of logouts",
            "Register a back-channel logout URI.",
        ),
        ("id_number" in client.scopes and not high, "ID numbers are for tiers T2 and T3", "Register it as T2."),
        (not (client.department or client.sector), "Whose site it is is not said", "Name the department."),
        (unknown, f"Unknown scopes: {', '.join(unknown)}", f"There are {', '.join(sorted(known))}."),
        (
            unusable,
            f"URIs that cannot be used: {', '.join(unusable)}",
            "Use https:// (http:// on this machine alone) without a fragment.",
        ),
    ]
    for wrong, message, fix in (*problems, *_problems_of_programs(client), *_problems_of_keys(client)):
        if wrong:
            raise ClientRefusedError(message, fix=fix)


def _problems_of_programs(client: Client) -> list[tuple[object, str, str]]:
    program = {*client.scopes} & {*PROGRAM_SCOPES}
    return [
        (
            program and (client.redirect_uris or {*client.scopes} - program),
            "A program signs nobody in",
            "Register what residents sign in to as a client of its own.",
        ),
        (program and client.tier == "T3", "A program's tokens are bound to no key", "Register it as T1 or T2."),
    ]


def _problems_of_keys(client: Client) -> list[tuple[object, str, str]]:
    by_key, unreadable = client.auth_method == "private_key_jwt", ""
    if client.jwks:
        try:
            client.jwks = signing_keys(client.jwks)
        except ValueError as error:
            unreadable = f"The JWK Set cannot be used: {error}"
    one = bool(client.jwks) != bool(client.jwks_uri)
    return [
        (
            by_key and not one,
            "A client with keys has a JWK Set, or says where it is",
            "Register a JWK Set, or its URI.",
        ),
        (
            not by_key and (client.jwks or client.jwks_uri),
            "Keys are for private_key_jwt",
            "Register it so, or without.",
        ),
        (unreadable, unreadable, "Register the public keys that it signs with, EC P-256 or RSA."),
    ]


def _usable(uri: str) -> bool:
    """Whether a URI is https, or http on this machine for development, and exactly what it seems to be."""
    parts = urlsplit(uri)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return safe and "#" not in uri and parts.username is None and uri.isascii() and "\\" not in uri


def shown(client: Client) -> dict[str, Any]:
    """Return what an operator may see of a client."""
    return client.model_dump(mode="json", exclude={"secret_digest"})
