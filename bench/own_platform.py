"""The platform under benchmark: servers of its own, new and empty; everything by the command line, as users do it."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from sqlalchemy.engine import make_url

from bench.machine import BenchError, Program
from cli.gateway_client import call
from kernel.database import asyncpg_url
from kernel.embedded import servers
from kernel.errors import YiwangError
from kernel.settings import Settings, variable

ROOT = Path(__file__).parent.parent
DEPARTMENT = "benchmark"


class Platform:
    """Embedded PostgreSQL and Valkey on the load's core, one department, and its credential.

    ``settings`` name servers that are there already.
    """

    def __init__(self, running: ExitStack, settings: Settings | None = None) -> None:
        if settings is None:
            state = running.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-bench-"))
            settings = running.enter_context(servers(Settings(state_dir=state)))
        self.settings = settings
        self._token = ""
        self.command("migrate")
        self.command("department", "add", DEPARTMENT, "--title-zh", "基准", "--title-en", "Benchmark")
        self._token = self.command("department", "credential", DEPARTMENT).strip()

    def environment(self, database_url: str = "") -> dict[str, str]:
        """Return the variables of every process of the platform. Nobody's requests are logged here, so ours neither."""
        return {
            variable("database_url"): database_url or self.settings.database_url,
            variable("redis_url"): self.settings.redis_url,
            variable("state_dir"): self.settings.state_dir,
            variable("upstream_networks"): "127.0.0.0/8",
            variable("access_log"): "false",
            variable("log_level"): "WARNING",
            "YIWANG_TOKEN": self._token,
        }

    def command(self, *arguments: str, seconds: float = 180) -> str:
        """Run ``yiwang``, for some time at most, and return what it printed."""
        command = [sys.executable, "-m", "cli.main", *arguments]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **self.environment()}
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if result.returncode:
            raise BenchError(f"yiwang {' '.join(arguments)}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.stdout

    def gateway(
        self, port: int, *, core: str, log: Path, database_url: str = "", variables: Mapping[str, str] | None = None
    ) -> Program:
        """Start a gateway with one worker, and more ``variables`` than every process has."""
        environment = self.environment(database_url) | dict(variables or {})
        command = [sys.executable, "-m", "cli.main", "gateway", "--host", "127.0.0.1", "--port", str(port)]
        return Program([*command, "--workers", "1"], core=core, log=log, cwd=ROOT, env=environment)

    def publish(self, port: int, folder: Path, name: str, upstream: str, document: Mapping[str, Any]) -> None:
        """Publish a service by ``yiwang publish`` through the gateway at ``port``."""
        manifest = _manifest(name, upstream)
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        (folder / f"{name}.yaml").write_bytes(msgspec.yaml.encode(manifest))
        self.command("publish", str(folder / f"{name}.yaml"), "--gateway", f"http://127.0.0.1:{port}")

    def submit(self, port: int, name: str, upstream: str, document: Mapping[str, Any], access: str = "public") -> None:
        """Send what ``yiwang publish`` sends, without a process of its own for each of a thousand services."""
        manifest = _manifest(name, upstream) | {"access": access}
        body = {"manifest": manifest, "bundle": {manifest["document"]: json.dumps(document)}}
        try:
            call(f"http://127.0.0.1:{port}", "/publish", dict, body, self._token)
        except YiwangError as error:
            raise BenchError(f"{name} could not be published: {error.message}") from error

    def copy_database(self, name: str) -> str:
        """Copy the database, to which nobody may be connected now, and return the copy's URL."""
        url = make_url(self.settings.database_url)

        async def copy() -> None:
            connection = await asyncpg.connect(asyncpg_url(str(url.set(database="postgres"))))
            try:
                await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{url.database}"')
            finally:
                await connection.close()

        asyncio.run(copy())
        return url.set(database=name).render_as_string(hide_password=False)


def _manifest(name: str, upstream: str) -> dict[str, Any]:
    return {
        "department": DEPARTMENT,
        "access": "public",
        "name": name,
        "title": {"zh": name, "en": name},
        "upstream": {"url": upstream},
        "document": f"{name}.json",
    }
