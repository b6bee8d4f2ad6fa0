"""The example city behind a whole gateway: gates that sign what they send, and operators' programs with tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx
import msgspec

from auth.clients import clients
from auth.clients.tables import Client
from flows.codes import verifiers
from flows.codes.message_signatures import SignedRequest, sign
from flows.codes.tables import CodeVerifier
from flows.parking.loading import Loading
from flows.parking.operator_file import read_operator_file
from gateway.app import Gateway
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.architecture.test_structure import REPOSITORY
from tests.parking.lots import NINE, PLATE

CITY = REPOSITORY / "examples" / "parking" / "city.yaml"
GARAGE, HOSPITAL, STREET = "101", "103", "K1"


def device_of(lot: str) -> UUID:
    """Return the id of the box of an example lot."""
    return uuid5(NAMESPACE_URL, f"https://yunzhou.example/devices/{lot}")


class Box:
    """The box of a lot: a lane in and a lane out."""

    def __init__(self, client: httpx.AsyncClient, clock: ManualClock, device: UUID, secret: str) -> None:
        self._client, self.clock, self.device, self.secret = client, clock, device, secret.encode()
        self.seq = 0

    def event(self, kind: str, minutes: float = 0, plate: str = PLATE, **more: Any) -> dict[str, Any]:
        """What it sends of so many minutes after nine."""
        self.seq += 1
        at = NINE + timedelta(minutes=minutes)
        lane = "enter" if kind == "enter" else "exit"
        told = {"event_id": str(uuid4()), "seq": self.seq, "lane": lane, "kind": kind, "plate": plate}
        told |= {"occurred_at": at.isoformat(), "plate_color": "blue"} | more
        return {name: value for name, value in told.items() if value is not None}

    def signed(self, method: str, path: str, body: bytes, nonce: str = "") -> dict[str, str]:
        request = SignedRequest(method, "city.example", path, {}, body)
        return sign(request, self.secret, str(self.device), self.clock.now(), nonce or uuid4().hex)

    async def send(self, path: str, said: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        body = said if isinstance(said, bytes) else msgspec.json.encode(said)
        signed = self.signed("POST", path, body) | dict(headers or {})
        return await self._client.post(path, content=body, headers=signed)

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path, headers=self.signed("GET", path, b""))

    async def passes(self, kind: str, minutes: float, plate: str = PLATE, **more: Any) -> dict[str, Any]:
        """One vehicle, no earlier than it happens; what became of it."""
        self.until(minutes)
        answer = await self.send("/parking/events", self.event(kind, minutes, plate, **more))
        assert answer.status_code == 200, answer.text
        only: dict[str, Any] = answer.json()["events"][0]
        return only

    async def leaves(self, minutes: float, plate: str = PLATE) -> dict[str, Any]:
        """A vehicle that asks to leave."""
        self.until(minutes)
        answer = await self.send("/parking/exits", self.event("exit", minutes, plate))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def until(self, minutes: float) -> None:
        late = NINE + timedelta(minutes=minutes) - self.clock.now()
        self.clock.advance(max(late, timedelta(0)))


class Program:
    """A program of an operator's; it asks for a new token each time, for the clock jumps."""

    def __init__(self, client: httpx.AsyncClient, name: str, secret: str) -> None:
        self._client, self._auth = client, (name, secret)

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path, headers=await self._headers())

    async def post(self, path: str, said: Any, key: str | None = None) -> httpx.Response:
        headers = await self._headers() | ({} if key == "" else {"idempotency-key": key or uuid4().hex})
        return await self._client.post(path, json=said, headers=headers)

    async def _headers(self) -> dict[str, str]:
        asked = {"grant_type": "client_credentials"}
        answer = await self._client.post("/oauth/token", data=asked, auth=self._auth)
        return {"authorization": f"Bearer {answer.json()['access_token']}"}


class Town:
    """The city, with its clock at nine on a Monday."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient, clock: ManualClock) -> None:
        self.gateway, self.client, self.clock = gateway, client, clock
        self.keys = open_keys(gateway._settings)
        self.database = gateway.database

    async def build(self) -> None:
        file, _ = read_operator_file(CITY.read_bytes())
        assert file is not None
        async with self.database.session() as session:
            for name in ("parking", "elsewhere"):
                await add_department(session, self.clock, name, Text(zh="停车", en="Parking"))
            await Loading(session, self.clock, "operator:test/1").load(file)

    async def box(self, lot: str = GARAGE) -> Box:
        """Register the box of a lot."""
        row = CodeVerifier(
            id=device_of(lot), name_zh="闸机", name_en="Gate", purposes=["parking"], verifier_group="parking",
            secret=b"", registered_at=self.clock.now(),
        )  # fmt: skip
        async with self.database.session() as session:
            secret = await verifiers.register(session, self.clock, self.keys.cipher, row)
        return Box(self.client, self.clock, row.id, secret)

    async def program(
        self, name: str = "car-parks", department: str = "parking", scope: str = "parking:operate"
    ) -> Program:
        """Register a program of a department."""
        row = Client(
            client_id=name, department=department, name_zh="停车", name_en="Parking", sector="",
            scopes=[scope], created_at=self.clock.now(),
        )  # fmt: skip
        async with self.database.session() as session:
            secret = await clients.register(session, self.clock, row)
        return Program(self.client, name, secret)

    async def place(self, code: str) -> dict[str, Any]:
        """Return a lot as anybody sees it."""
        listed = (await self.client.get("/parking/places")).json()["items"]
        only: dict[str, Any] = next(each for each in listed if each["code"] == code)
        return only

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.pool.fetch(query, *values)]


def moment(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)
