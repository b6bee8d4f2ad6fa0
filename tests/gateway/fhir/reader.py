"""Whoever reads FHIR: everything that is answered must satisfy HL7's own models (``fhir.resources``).

R4B (4.3.0) is the nearest they have to R4; the types that are served here are the same in both.
"""

from importlib import import_module
from typing import Any

import httpx

from auth.clients import clients
from auth.clients.tables import Client
from tests.appointments.hall import Hall


class Reader:
    """A client of the API."""

    def __init__(self, hall: Hall, client: httpx.AsyncClient) -> None:
        self.hall, self._client = hall, client
        self.token = ""

    async def program(self, name: str, department: str = "civil", *scopes: str) -> str:
        """Register a program and return a token of it."""
        row = Client(
            client_id=name, department=department, name_zh="医院", name_en="Hospital", sector="",
            scopes=[*(scopes or ("appointments:read",))], created_at=self.hall.clock.now(),
        )  # fmt: skip
        async with self.hall.database.session() as session:
            secret = await clients.register(session, self.hall.clock, row)
        answer = await self.ask(name, secret)
        return str(answer.json()["access_token"])

    async def ask(self, name: str, secret: str, **more: str) -> httpx.Response:
        asked = {"grant_type": "client_credentials", **more}
        return await self._client.post("/oauth/token", data=asked, auth=(name, secret))

    async def get(self, path: str, status: int = 200, token: str = "") -> dict[str, Any]:
        """Return the resource at a path below ``/fhir/``, or at an address of it."""
        headers = {"authorization": f"Bearer {token or self.token}"} if token or self.token else {}
        path = path.partition("/fhir/")[2] if "/fhir/" in path else path
        answer = await self._client.get(f"/fhir/{path}", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/fhir+json"), answer.text
        said: dict[str, Any] = answer.json()
        check(said)
        return said

    async def all(self, path: str) -> list[dict[str, Any]]:
        """Return all resources of a search, page by page."""
        found, at = list[dict[str, Any]](), path
        while at:
            page = await self.get(at)
            found += [each["resource"] for each in page.get("entry", [])]
            at = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
        return found


def check(resource: dict[str, Any]) -> None:
    """Hold a resource to HL7's model of it, and what is in it too."""
    kind = resource["resourceType"]
    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model.model_validate(resource)
