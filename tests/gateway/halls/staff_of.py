"""An office's staff: credentials of its department, each with a role at an organisation, and what they send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
from httpx import ASGITransport, AsyncClient
from sqlmodel import col, select

from auth.credentials import issue, key_id_of
from gateway.app import Gateway
from services_catalog.organisations.roles import Grant, Role, grant, revoke
from services_catalog.organisations.tables import RoleHeld
from tests.appointments.hall import Hall

OPERATOR = "operator:test"
_KEYS = (f"a key of the tests {number}" for number in count())


async def key(hall: Hall, role: Role | None, at: str = "city") -> str:
    """Return a new credential of the hall's department; who has no role has the credential alone."""
    async with hall.database.session() as session:
        token = await issue(session, hall.clock, "civil")
        if role is not None:
            await grant(session, hall.clock, OPERATOR, Grant(f"credential:{key_id_of(token)}", at, role))
    return token


async def dismiss(hall: Hall, token: str) -> None:
    """Take the role of a credential away."""
    async with hall.database.session() as session:
        held = (await session.exec(select(RoleHeld).where(col(RoleHeld.holder).endswith(key_id_of(token))))).one()
        await revoke(session, hall.clock, OPERATOR, held.id)


class Staff:
    """Somebody who speaks HTTP to the gateway by a key of theirs."""

    def __init__(self, client: AsyncClient, token: str) -> None:
        self.client, self.token = client, token
        client.headers["authorization"] = f"Bearer {token}"

    @classmethod
    @asynccontextmanager
    async def hired(cls, gateway: Gateway, hall: Hall, role: Role | None) -> AsyncIterator["Staff"]:
        transport = ASGITransport(gateway)
        async with AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield cls(client, await key(hall, role))

    async def get(self, path: str) -> tuple[int, Any]:
        answer = await self.client.get(path)
        return answer.status_code, answer.json()

    async def post(self, path: str, body: object = b"", once: str = "") -> tuple[int, Any]:
        """Send something to the hall; ``once``: by which key, a new one if none is given."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"idempotency-key": once or next(_KEYS)}
        answer = await self.client.post(f"/halls/hall{path}", content=content, headers=headers)
        return answer.status_code, answer.json()

    async def did(self, path: str, body: object = b"") -> dict[str, Any]:
        """As ``post``, of what is done: its answer."""
        status, answer = await self.post(path, body)
        assert status == 200, answer
        done: dict[str, Any] = answer
        return done

    async def refused(self, path: str, body: object = b"") -> tuple[int, str]:
        """As ``post``, of what is refused: its status and code. Every refusal says what to do."""
        status, answer = await self.post(path, body)
        assert answer["error"]["message"], answer
        assert answer["error"]["fix"], answer
        return status, str(answer["error"]["code"])
