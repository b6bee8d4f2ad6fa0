"""The audits of the package graphql-http, run by node against the gateway on its own server."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from gateway.server.listening import address, listen
from gateway.server.request import Direct
from gateway.server.server import Server
from tests.gateway.conftest import City

FOLDER = Path(__file__).parent / "audit"
INSTALLED = Path(__file__).parents[2] / ".yiwang" / "audit"


async def run(*command: str, cwd: Path) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{command} failed"
    return output


@pytest.mark.skipif(
    shutil.which("npm") is None, reason="node and npm are not here; test_graphql_over_http has the cases"
)
async def test_every_audit_passes(city: City) -> None:
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "audit.js"):
        shutil.copy(FOLDER / name, INSTALLED / name)
    await run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent", cwd=INSTALLED)
    server = Server(city.gateway, {path: Direct(handler, 2**20) for path, handler in city.gateway.direct.items()})
    listening = listen("127.0.0.1", 0)
    await server.open(listening)
    try:
        output = await run("node", "audit.js", f"{address(listening)}/graphql", cwd=INSTALLED)
    finally:
        await server.stop(1.0)
    results = msgspec.json.decode(output)
    assert len(results) >= 61
    assert [result for result in results if result["status"] != "ok"] == []
