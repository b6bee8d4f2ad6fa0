"""Reads a stream of Server-Sent Events as a client does."""

import asyncio
from typing import Any

import aiohttp
import msgspec


class EventReader:
    """Reads the events of one stream; ``id`` is the last one's."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.id = ""

    async def event(self) -> tuple[str, Any]:
        """Return the next event's name and data."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            while True:
                line = (await self.response.content.readline()).decode()
                if not line:
                    return "end", None
                if line == "\n" and "event" in fields:
                    self.id = fields.get("id", self.id)
                    return fields["event"], msgspec.json.decode(fields["data"]) if fields["data"] else None
                name, _, value = line.rstrip("\n").partition(":")
                fields[name] = value.removeprefix(" ")
