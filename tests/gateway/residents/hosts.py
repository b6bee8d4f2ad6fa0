"""Simulated host apps on a real socket, and a city whose gateway knows their mini-programs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from adapters.sandbox.hosts import DEVELOPMENT, Sandbox, build_sandbox, development_apps
from adapters.sandbox.wechat.host import SimulatedWeChat
from kernel.clock import SystemClock
from tests.adapters.simulators import serve_handlers
from tests.gateway.conftest import JSON_HEADERS, City

WECHAT = DEVELOPMENT["wechat"]
SIGN_IN = """mutation ($app: String!, $code: String!) {
  signIn(app: $app, code: $code, device: "Phone") {
    accessToken refreshToken expiresIn session { id app level current }
  }
}"""


class Phones:
    """The residents' phones, and what their mini-programs ask the city."""

    def __init__(self, sandbox: Sandbox, origin: str) -> None:
        self.sandbox = sandbox
        self.origin = origin
        self.hosts = {host.provider: host for host in sandbox.hosts}

    @property
    def wechat(self) -> SimulatedWeChat:
        host = self.hosts["wechat"]
        assert isinstance(host, SimulatedWeChat)
        return host

    def code(self, resident: str, provider: str = "wechat") -> str:
        return self.hosts[provider].login(DEVELOPMENT[provider], resident)  # type: ignore[index]  # a provider's name


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
    app = DEVELOPMENT[provider]
    result = await ask(city, SIGN_IN, app=app, code=phones.code(resident, provider))
    assert "errors" not in result, result
    return Resident(city, result["data"]["signIn"], app)


@asynccontextmanager
async def served_sandbox(folder: Path) -> AsyncIterator[Phones]:
    """Serve a sandbox; the file ``host-apps.json`` in ``folder`` is that by which a gateway finds it."""
    sandbox = build_sandbox(SystemClock(), seed=7)
    handlers = [*(route for host in sandbox.hosts for route in host.routes()), *sandbox.identity.routes()]
    async with serve_handlers(handlers) as origin:
        (folder / "host-apps.json").write_bytes(development_apps(origin))
        try:
            yield Phones(sandbox, origin)
        finally:
            await sandbox.later.stop()
            await asyncio.sleep(0)
