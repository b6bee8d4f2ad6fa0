"""The cashier's notices: signed forms, an answer within the deadline, sent again until there is one.

Of the world's faults, ``baidu.callback`` takes ``late``, ``twice`` (at the same moment), ``never``, ``out_of_order``
(after the next one) and ``bad_signature`` (of the first sending).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from adapters import rsa
from adapters.baidu.signing import signing_string
from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.http import HostHttp
from adapters.sandbox.baidu.behaviour import Behaviour
from adapters.sandbox.baidu.serving import HOST
from adapters.sandbox.world import World

_PLACE = f"{HOST}.callback"
_FORM = {"content-type": "application/x-www-form-urlencoded"}


class Heard(Struct, frozen=True):
    """What came back: nothing in time (or an HTTP error), or a body, which ``said`` holds if it is a JSON object."""

    answered: bool
    said: dict[str, Any] | None = None


class Notice(Struct, frozen=True):
    """A notice. ``settle`` is given each answer and says whether it is to be sent again after the next pause."""

    what: str
    address: str
    fields: Mapping[str, str]
    pauses: Iterable[float]  # seconds, before they are compressed
    settle: Callable[[Heard], Awaitable[bool]]


class Courier:
    """Sends notices. The time limit of ``http`` is their deadline: 2 seconds at the real host."""

    def __init__(self, world: World, http: HostHttp, key: RSAPrivateKey, behaviour: Behaviour) -> None:
        self._world = world
        self._http = http
        self._key = key
        self._behaviour = behaviour
        self._held: list[Notice] = []
        world.offer_faults(_PLACE, "late", "twice", "never", "out_of_order", "bad_signature")

    def send(self, notice: Notice) -> None:
        """Begin to send a notice, whatever goes wrong with it; to no address nothing is sent."""
        if not notice.address:
            return
        fault = self._world.take_fault(_PLACE)
        if fault is not None:
            self._world.note(HOST, f"{notice.what} is to go wrong", fault)
        if fault == "never":
            return
        if fault == "out_of_order":
            self._held.append(notice)
            self._world.spawn(self._release_late(notice))
            return
        held, self._held = self._held, []
        self._world.spawn(self._deliver_all(notice, held, fault))

    async def _deliver_all(self, notice: Notice, held: list[Notice], fault: str | None) -> None:
        if fault == "late":
            await asyncio.sleep(self._behaviour.late_seconds)
        if fault == "twice":
            await asyncio.gather(self._deliver(notice), self._deliver(notice))
        else:
            await self._deliver(notice, forged=fault == "bad_signature")
        for each in held:
            await self._deliver(each)

    async def _release_late(self, notice: Notice) -> None:
        await asyncio.sleep(self._behaviour.late_seconds)
        if notice in self._held:
            self._held.remove(notice)
            await self._deliver(notice)

    async def _deliver(self, notice: Notice, *, forged: bool = False) -> None:
        again = await notice.settle(await self._send(notice, forged=forged))
        for seconds in notice.pauses:
            if not again:
                return
            await asyncio.sleep(seconds * self._behaviour.retry_scale)
            again = await notice.settle(await self._send(notice))
        if again:
            self._world.note(HOST, notice.what, "given up")

    async def _send(self, notice: Notice, *, forged: bool = False) -> Heard:
        signature = rsa.sign(self._key, signing_string(notice.fields).encode(), "sha1")
        if forged:
            signature = rsa.sign(self._key, b"something else", "sha1")
        body = urlencode({**notice.fields, "rsaSign": signature}).encode()
        url = urlsplit(notice.address)
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        try:
            receiver = self._http.at(f"{url.scheme}://{url.netloc}", "The receiver of a notice")
            reply = await receiver.send("POST", target, body, _FORM)
        except (HostUnavailableError, OutcomeUnknownError) as error:
            self._world.note(HOST, f"{notice.what} to {notice.address}", error.message)
            return Heard(answered=False)
        self._world.note(HOST, f"{notice.what} to {notice.address}", f"HTTP {reply.status}")
        if reply.status != 200:
            return Heard(answered=False)
        try:
            return Heard(answered=True, said=msgspec.json.decode(reply.body, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Heard(answered=True)
