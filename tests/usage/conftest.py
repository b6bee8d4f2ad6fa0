"""A whole gateway process: departments publish to it over HTTP, apps of several clients ask it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient

from gateway.app import Gateway
from kernel.settings import Settings
from tests.gateway.sign_in import SignedIn, signed_in
from tests.publish.gateway_under_test import department_token, open_to_loopback, submission


class City:
    """The gateway, the credential of its one department, and a resident whose apps ask."""

    def __init__(self, gateway: Gateway, client: AsyncClient, token: str, resident: SignedIn) -> None:
        self.gateway = gateway
        self.token = token
        self._client = client
        self._resident = resident

    async def post(self, path: str, body: object, token: str = "") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token or self.token}", "content-type": "application/json"}
        response = await self._client.post(path, content=msgspec.json.encode(body), headers=headers)
        return response.status_code, response.json()

    async def publish(self, api: object, name: str = "parking", **more: Any) -> tuple[int, Any]:
        return await self.post("/publish", submission(api, name, **more))

    async def send(self, document: str, client: str = "", operation: str | None = None) -> dict[str, Any]:
        """Send a document as a client's app does; without a client, as nobody who is known."""
        headers = {b"content-type": b"application/json"}
        headers |= self._resident.header(client_id=client) if client else {}
        body = msgspec.json.encode({"query": document, "operationName": operation})
        _, _, answer = await self.gateway.direct["/graphql"]("POST", b"", headers, body)
        found: dict[str, Any] = msgspec.json.decode(answer)
        return found

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.gateway.database.pool.fetch(statement)]


@pytest.fixture
async def city(settings: Settings) -> AsyncIterator[City]:
    opened = msgspec.structs.replace(open_to_loopback(settings), access_log=False)
    gateway = Gateway(opened)
    async with gateway.running():
        token = await department_token(gateway.database)
        resident = await signed_in(gateway, opened, "openid")
        transport = ASGITransport(gateway)
        async with AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield City(gateway, client, token, resident)
