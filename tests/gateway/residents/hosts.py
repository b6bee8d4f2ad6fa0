"""Simulated host apps on a real socket, and a city whose gateway knows their mini-programs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from adapters.sandbox.app import sandbox_app
from adapters.sandbox.development import APPS, IDENTITY_KEY, VEHICLES_KEY, development_apps
from adapters.sandbox.host import InboxMessage, SimulatedHost
from adapters.sandbox.hosts import Sandbox, build_sandbox
from adapters.sandbox.identity import AskedFaceCheck
from adapters.sandbox.wechat.host import SimulatedWeChat
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from kernel.settings import Settings
from tests.adapters.simulators import serve_app
from tests.gateway.conftest import JSON_HEADERS, City

WECHAT = APPS["wechat"]
SIGN_IN = """mutation ($app: String!, $code: String!) {
  signIn(app: $app, code: $code, device: "Phone") {
    accessToken refreshToken expiresIn session { id app level current }
  }
}"""


BEGIN = """mutation ($name: String!, $idNumber: String!) {
  beginFaceCheck(returnPath: "/pages/checked", name: $name, idNumber: $idNumber) { id url }
}"""
FINISH = """mutation ($check: ID!, $code: String!) {
  finishFaceCheck(check: $check, code: $code) { state signedIn { accessToken refreshToken session { id level } } }
}"""


class Phones:
    """The residents' phones, and what their mini-programs ask the city."""

    def __init__(self, sandbox: Sandbox, origin: str) -> None:
        self.sandbox = sandbox
        self.origin = origin

    @property
    def wechat(self) -> SimulatedWeChat:
        host = self._host("wechat")
        assert isinstance(host, SimulatedWeChat)
        return host

    def code(self, resident: str, provider: str = "wechat") -> str:
        return self._host(provider).login(APPS[provider], resident)

    def proof(self, resident: str, provider: str = "wechat") -> dict[str, str]:
        """What the phone number button gives."""
        return dict(self._host(provider).phone_proof(APPS[provider], resident))

    def inbox(self, provider: str, resident: str) -> Sequence[InboxMessage]:
        """What has arrived at a resident's phone, the latest last."""
        return self._host(provider).inbox(resident)

    def person(self, resident: str) -> dict[str, str]:
        """Return a resident's name and ID number, as the graph is given them."""
        known = self.sandbox.world.residents[resident]
        return {"name": known.name, "idNumber": known.id_number}

    def _host(self, provider: str) -> SimulatedHost:
        return next(host for host in self.sandbox.hosts if host.provider == provider)


class Resident:
    """A resident signed in at one mini-program."""

    def __init__(self, city: City, given: dict[str, Any], app: str) -> None:
        self.city = city
        self.app = app
        self.given = given

    @property
    def header(self) -> dict[bytes, bytes]:
        return {b"authorization": f"Bearer {self.given['accessToken']}".encode()}

    async def ask(self, query: str, more: dict[bytes, bytes] | None = None, **variables: Any) -> dict[str, Any]:
        return await ask(self.city, query, self.header | (more or {}), **variables)

    async def data(self, query: str, **variables: Any) -> Any:
        """Return the only root field's value."""
        result = await self.ask(query, **variables)
        assert "errors" not in result, result
        (value,) = result["data"].values()
        return value

    async def code(self, query: str, **variables: Any) -> str:
        """Return the code of the only error, empty if there is none."""
        return code(await self.ask(query, **variables))


async def ask(city: City, query: str, headers: dict[bytes, bytes] | None = None, **variables: Any) -> dict[str, Any]:
    body = msgspec.json.encode({"query": query, "variables": variables})
    _, _, reply = await city.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS | (headers or {}), body)
    result: dict[str, Any] = msgspec.json.decode(reply)
    return result


def code(result: dict[str, Any]) -> str:
    if "errors" not in result:
        return ""
    (error,) = result["errors"]
    return str(error["extensions"]["code"])


async def sign_in(city: City, phones: Phones, resident: str, provider: str = "wechat") -> Resident:
    """Sign a resident in, through the graph and the simulated host."""
    app = APPS[provider]
    result = await ask(city, SIGN_IN, app=app, code=phones.code(resident, provider))
    assert "errors" not in result, result
    return Resident(city, result["data"]["signIn"], app)


@asynccontextmanager
async def served_sandbox(folder: Path) -> AsyncIterator[Phones]:
    """Serve a sandbox; the file ``host-apps.json`` in ``folder`` is that by which a gateway finds it."""
    sandbox = build_sandbox(SystemClock(), seed=7)
    async with serve_app(sandbox_app(sandbox)) as origin:
        (folder / "host-apps.json").write_bytes(development_apps(origin))
        try:
            yield Phones(sandbox, origin)
        finally:
            await sandbox.later.stop()
            await asyncio.sleep(0)


def with_identity(settings: Settings, phones: Phones) -> Settings:
    """Return settings that name the sandbox's identity service and vehicle register."""
    return msgspec.structs.replace(
        settings,
        identity_url=f"{phones.origin}/identity",
        identity_key=f"{IDENTITY_KEY.id}:{IDENTITY_KEY.secret.decode()}",
        vehicle_register_url=f"{phones.origin}/vehicles",
        vehicle_register_key=f"{VEHICLES_KEY.id}:{VEHICLES_KEY.secret.decode()}",
    )


async def aged(who: Resident, by: timedelta) -> None:
    """Have a session's latest proof lie so far back."""
    async with who.city.gateway.database.session() as session:
        row = await session.get_one(Session, who.given["session"]["id"])
        row.auth_time = SystemClock().now() - by
        session.add(row)


async def agree(who: Resident, purpose: str) -> None:
    """Agree to a purpose of the platform's, on a screen of its own."""
    version = (await who.data("query ($id: ID!) { purpose(id: $id) { version } }", id=purpose))["version"]
    query = "mutation ($purposes: [AgreedPurpose!]!) { agree(purposes: $purposes) }"
    assert await who.data(query, purposes=[{"id": purpose, "version": version}]) is True


def came_back(check: AskedFaceCheck) -> dict[str, Any]:
    """Return the check and the code with which a phone is led back to the city's page."""
    address, query = urlsplit(check.return_url), dict(parse_qsl(urlsplit(check.return_url).query))
    assert (address.netloc, address.path) == ("id.example", "/face-check")
    return {name: query[name] for name in ("check", "code")}


async def prove_face(phones: Phones, who: Resident, resident: str) -> dict[str, Any]:
    """Have a resident's face checked, and passed; return what finishing it answers."""
    await agree(who, "face-comparison")
    begun = await who.data(BEGIN, **phones.person(resident))
    result = await who.ask(FINISH, **came_back(phones.sandbox.identity.decide(resident, begun["id"], "passed")))
    if "errors" not in result and result["data"]["finishFaceCheck"]["signedIn"]:
        who.given = who.given | {k: v for k, v in result["data"]["finishFaceCheck"]["signedIn"].items() if v}
    return result
