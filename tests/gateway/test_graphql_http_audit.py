"""The audits of the package graphql-http, run by node against the gateway on its own server."""

import shutil
from pathlib import Path

import msgspec
import pytest

from kernel.http_server.listening import address, listen
from kernel.http_server.request import Direct
from kernel.http_server.server import Server
from tests.gateway.conftest import City
from tests.programs import run

FOLDER = Path(__file__).parent / "audit"


@pytest.mark.skipif(
    shutil.which("npm") is None, reason="node and npm are not here; test_graphql_over_http has the cases"
)
async def test_every_audit_passes(city: City, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    code, output = await run("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", cwd=tmp_path)
    if code:
        pytest.skip(f"npm cannot install; test_graphql_over_http has the cases: {output.decode()[-300:]}")
    server = Server(city.gateway, {path: Direct(handler, 2**20) for path, handler in city.gateway.direct.items()})
    listening = listen("127.0.0.1", 0)
    await server.open(listening)
    try:
        code, output = await run("node", "audit.js", f"{address(listening)}/graphql", cwd=tmp_path)
    finally:
        await server.stop(1.0)
    assert code == 0, output
    results = msgspec.json.decode(output)
    assert len(results) >= 61
    assert [result for result in results if result["status"] != "ok"] == []
