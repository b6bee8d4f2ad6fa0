"""The example departments as ``yiwang run`` needs them: their ports, their credentials, and how they are published."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from auth.credentials import authenticate, issue
from auth.errors import CredentialRefusedError
from cli.supervisor import ourselves
from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.departments import add_department
from services_catalog.manifest import Manifest, Text
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


def moved(example: Example, port: int, state: Path) -> Example:
    """The example on another port: a copy of its manifest, document and entries below ``state``."""
    folder = state / "examples" / example.name
    folder.mkdir(parents=True, exist_ok=True)
    for file in (example.manifest.document, *example.manifest.entries):
        shutil.copyfile(example.manifest_file.with_name(file), folder / file)
    text = example.manifest_file.read_text().replace(f":{example.port}", f":{port}")
    manifest_file = folder / example.manifest_file.name
    manifest_file.write_text(text)
    return Example(example.name, manifest_file, read_text(text.encode(), os.environ))


async def credential(database: Database, state: Path, manifest: Manifest) -> str:
    """The token of an example's department."""
    return await token_of(database, state, manifest.department, manifest.title)


async def token_of(database: Database, state: Path, department: str, title: Text) -> str:
    """A department's token, kept in ``<state>/tokens``; what is missing or refused by the database is made."""
    file = state / "tokens" / department
    token = file.read_text() if file.exists() else ""
    async with database.session() as session:
        if await session.get(Department, department) is None:
            await add_department(session, SystemClock(), department, title)
        try:
            await authenticate(session, SystemClock(), f"Bearer {token}")
        except CredentialRefusedError:
            token = await issue(session, SystemClock(), department)
    keep(file, token)  # now that it is committed
    return token


def keep(file: Path, secret: str) -> None:
    """Write it for the owner's eyes only, so that the file is whole or not there."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(secret)
    unfinished.replace(file)


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
