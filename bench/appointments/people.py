"""People who want an appointment, over HTTP: each holds a time and confirms it, or one of those that are named."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

import aiohttp
from msgspec import Struct, field

from bench.appointments.city import HALL, SERVICE

_HOLD = 'mutation ($at: String!) { holdAppointment(service: "%s", office: "%s", startsAt: $at) { hold isKept } }'
_CONFIRM = "mutation ($hold: String!) { confirmAppointment(hold: $hold) { id state } }"
_TRIES = 4


class Rush(Struct):
    """What came of it: ``ended`` by person, ``refused`` and ``failed`` by request; waits in milliseconds."""

    ended: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    kept: int = 0


async def rush(
    urls: Sequence[str],
    tokens: Sequence[str],
    times: Sequence[datetime],
    at_once: int,
    amid: tuple[int, Callable[[], Coroutine[Any, Any, None]]] | None = None,
) -> Rush:
    """Have the bearers of tokens come, so many at a time, to the gateways in turn; ``amid``: after so many booked."""
    found, turn = Rush(), asyncio.Semaphore(at_once)
    connector = aiohttp.TCPConnector(limit=at_once)
    began, begun = monotonic(), list[asyncio.Task[None]]()
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as client:

        async def come(number: int, token: str) -> None:
            async with turn:
                person = _Person(client, urls[number % len(urls)], token, found, set(times))
                found.ended[await person.book(times[number * 7 % len(times)].isoformat())] += 1
                if amid is not None and not begun and found.ended["booked"] >= amid[0]:
                    begun.append(asyncio.create_task(amid[1]()))

        await asyncio.gather(*(come(*each) for each in enumerate(tokens)))
    found.seconds = monotonic() - began
    await asyncio.gather(*begun)
    return found


class _Person:
    def __init__(
        self, client: aiohttp.ClientSession, url: str, token: str, found: Rush, day: Collection[datetime]
    ) -> None:
        self._client, self._url, self._found = client, f"{url}/graphql", found
        self._day = day  # nobody takes another day
        self._headers = {"authorization": f"Bearer {token}"}

    async def book(self, at: str) -> str:
        for _ in range(_TRIES):
            held = await self._ask(_HOLD % (SERVICE, HALL), at=at)
            if "data" in held:
                self._found.kept += held["data"]["holdAppointment"]["isKept"]
                held = await self._ask(_CONFIRM, hold=held["data"]["holdAppointment"]["hold"])
            if "data" in held:
                return "booked"
            others = [each for each in held.get("nextFree") or () if datetime.fromisoformat(each) in self._day]
            if not others:
                return str(held["code"])
            at = others[0]
        return "gave up"

    async def _ask(self, query: str, **values: Any) -> dict[str, Any]:
        """Return the data, or the extensions of the error."""
        began = monotonic()
        async with self._client.post(
            self._url, json={"query": query, "variables": values}, headers=self._headers
        ) as answer:
            said, status = await answer.json(content_type=None), answer.status
        self._found.waits.append((monotonic() - began) * 1000)
        if status < 500 and not said.get("errors"):
            return {"data": said["data"]}
        extensions: dict[str, Any] = (said.get("errors") or [{}])[0].get("extensions", {})
        code = extensions.get("code", "none")
        if status >= 500 or not code.startswith("APPOINTMENT_"):
            self._found.failed[f"{status} {code}"] += 1
        else:
            self._found.refused[code] += 1
        return {"code": code, **extensions}
