"""The example departments as ``yiwang run`` needs them: their ports, their credentials, and how they are published."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from auth.credentials import issue
from cli.supervisor import ourselves
from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.departments import add_department
from services_catalog.manifest import Manifest
from services_catalog.manifest_file import read_text
from services_catalog.tables import Department

FOLDER = Path(__file__).parents[1] / "examples" / "departments"


class Example(NamedTuple):
    """One example department's application."""

    name: str
    manifest_file: Path
    manifest: Manifest

    @property
    def port(self) -> int:
        """The port that its manifest says it listens on."""
        return urlsplit(self.manifest.upstream.url).port or 80


def all_examples() -> list[Example]:
    """Every folder of examples/departments with a service.yaml."""
    files = sorted(FOLDER.glob("*/service.yaml"))
    return [Example(file.parent.name, file, read_text(file.read_bytes(), os.environ)) for file in files]


async def credential(database: Database, state: Path, manifest: Manifest) -> str:
    """The department's token, kept in ``<state>/tokens``; department and token are made the first time."""
    token = state / "tokens" / manifest.department
    async with database.session() as session:
        if await session.get(Department, manifest.department) is None:
            await add_department(session, SystemClock(), manifest.department, manifest.title)
            token.unlink(missing_ok=True)  # of an earlier database
        if not token.exists():
            token.parent.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(token, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(await issue(session, SystemClock(), manifest.department))
    return token.read_text()


async def publish(example: Example, gateway: str, token: str, environ: Mapping[str, str]) -> str:
    """Publish as a department does, with ``yiwang publish``; what went wrong, ``""`` when all is well."""
    process = await asyncio.create_subprocess_exec(
        *ourselves("publish", str(example.manifest_file)),
        env={**environ, "YIWANG_GATEWAY": gateway, "YIWANG_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace") if process.returncode else ""
