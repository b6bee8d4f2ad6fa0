"""The example queries, asked of a real gateway in front of the real example departments."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from auth.credentials import issue
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.corpus.processes import free_port, gateway, listening, process

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = [path.parent.name for path in sorted(EXAMPLES.glob("departments/*/service.yaml"))]


@pytest.fixture
def departments(tmp_path: Path) -> Iterator[dict[str, int]]:
    """The four departments, running, with their ports."""
    with ExitStack() as stack:
        ports = {name: free_port() for name in NAMES}
        logs = {name: tmp_path / f"{name}.log" for name in NAMES}
        started = {
            name: stack.enter_context(
                process([f"examples.departments.{name}", "--port", str(ports[name])], logs[name], {})
            )
            for name in NAMES
        }
        for name in NAMES:
            listening(started[name], ports[name], logs[name])
        yield ports


def submission(name: str, port: int) -> dict[str, Any]:
    folder = EXAMPLES / "departments" / name
    manifest = yaml.safe_load((folder / "service.yaml").read_text(encoding="utf-8"))
    old = manifest["upstream"]["url"]
    manifest["upstream"]["url"] = old.replace(old.split("/")[2], f"127.0.0.1:{port}")
    return {
        "manifest": manifest,
        "bundle": {manifest["document"]: (folder / manifest["document"]).read_text(encoding="utf-8")},
    }


@pytest.mark.case("issue-2.5")
async def test_the_example_queries_are_answered(
    departments: dict[str, int], database: Database, settings: Settings, tmp_path: Path
) -> None:
    async with gateway(settings, tmp_path / "gateway.log") as client:
        for name, port in departments.items():
            given = submission(name, port)
            async with database.session() as session:
                await add_department(session, SystemClock(), given["manifest"]["department"], Text(zh=name, en=name))
                token = await issue(session, SystemClock(), given["manifest"]["department"])
            headers = {"authorization": f"Bearer {token}"}
            async with client.post("/publish", data=msgspec.json.encode(given), headers=headers) as response:
                published = await response.json()
                assert response.status == 200, published
                assert published["findings"] == []
                assert len(published["operations"]) == published["typed"] == published["offered"]
        for path in [EXAMPLES / "first_query.graphql", *sorted(EXAMPLES.glob("queries/*.graphql"))]:
            query = {"query": path.read_text(encoding="utf-8")}
            async with client.post("/graphql", json=query) as response:
                answer = await response.json()
            assert "errors" not in answer, (path.name, answer["errors"])
            assert len(answer["data"]) >= 3
            for service in answer["data"].values():
                assert all(value is not None for value in service.values())
