"""Asking a department's booking system, over the rules for addresses that others chose (``kernel.outside``).

Whoever asks is the platform: it signs each request as the gateway does (``auth.assertions``), for this system's ears.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Struct

from auth.assertions import HEADER, LIFE_SECONDS, Assertion, sign
from auth.keys.key_ring import KeyRing
from flows.appointments.errors import SystemAwayError
from flows.appointments.systems.wire import ChangePage, Refused, SlotPage, Wish
from flows.appointments.tables import BookingSystem
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.networks import Network
from kernel.outside import Answered, Outside

SUBJECT = "platform:appointments"  # no resident's name has a colon
READ_SECONDS, BOOK_SECONDS = 10.0, 3.0
"""Nobody waits for what is read; to book, a resident does, and the rows of their slots."""
_MOST_BYTES = 2**21  # 1,000 slots have some 300 kB
_T = TypeVar("_T")


def audience(system: str) -> str:
    """Return the audience that a system must find in ``aud``: no resident's call of a service has it."""
    return f"system:{system}"


class Signer(Struct, frozen=True):
    """Says that it is the platform who asks. ``ring`` returns the signing keys."""

    issuer: str
    clock: Clock
    ring: Callable[[], KeyRing]

    def header(self, system: str) -> str:
        now = self.clock.now()
        at = int(now.timestamp())
        said = Assertion(
            iss=self.issuer,
            aud=audience(system),
            sub=SUBJECT,
            iat=at,
            exp=at + LIFE_SECONDS,
            acr="L1",
            auth_time=at,
            channel="web",
            purpose="appointments",
        )
        return sign(said, self.ring(), now)


class Client:
    """One system's. Every call raises SystemAwayError, whose message says what is wrong there, for its operator."""

    def __init__(self, code: str, url: str, signer: Signer, networks: tuple[Network, ...]) -> None:
        self._code, self.url, self._signer, self._networks = code, url.rstrip("/"), signer, networks

    async def slots(self, first: datetime, until: datetime, cursor: str = "") -> SlotPage:
        """Return a page of the slots that begin in a span."""
        return _read(await self.list_slots(first, until, cursor), SlotPage, "GET /slots")

    async def list_slots(self, first: datetime, until: datetime, cursor: str) -> Answered:
        """Return the same as it was answered."""
        asked = {"from": _text(first), "to": _text(until)} | ({"cursor": cursor} if cursor else {})
        return await self.exchange("GET", f"/slots?{urlencode(asked)}")

    async def changes(self, after: str) -> ChangePage | None:
        """Return what has changed; None: the cursor is too old, and all is to be read anew."""
        answer = await self.exchange("GET", f"/changes?{urlencode({'after': after})}")
        return None if answer.status == HTTPStatus.GONE else _read(answer, ChangePage, "GET /changes")

    async def book(self, booking_id: UUID, wish: Wish) -> Refused | None:
        """Book; None: it is booked. SystemAwayError leaves open whether it is."""
        answer = await self.exchange("PUT", f"/appointments/{booking_id}", wish, BOOK_SECONDS)
        if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED):
            return None
        if answer.status not in (HTTPStatus.CONFLICT, HTTPStatus.GONE):
            raise _wrong("PUT /appointments/{id}", f"answered {answer.status}")
        return decoded(answer.body, Refused) or Refused()

    async def give_up(self, booking_id: UUID) -> None:
        """Have a booking be none there."""
        answer = await self.exchange("DELETE", f"/appointments/{booking_id}")
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise _wrong("DELETE /appointments/{id}", f"answered {answer.status}")

    async def exchange(
        self, method: str, target: str, body: Any = None, seconds: float = READ_SECONDS, identity: str | None = None
    ) -> Answered:
        """Return the answer to a request, whatever its status. ``identity``: in place of the platform's own word."""
        headers = {HEADER: self._signer.header(self._code) if identity is None else identity}
        content = b"" if body is None else msgspec.json.encode(body)
        if content:
            headers["content-type"] = "application/json"
        outside = Outside(self._networks, seconds=seconds, most_bytes=_MOST_BYTES)
        try:
            return await outside.exchange(method, self.url + target, headers, content)
        except YiwangError as error:
            raise SystemAwayError(error.message, fix=error.fix) from error


class Clients(Struct, frozen=True):
    """Those of one process."""

    signer: Signer
    networks: tuple[Network, ...]

    def of(self, system: BookingSystem) -> Client:
        return Client(system.code, system.url, self.signer, self.networks)


def decoded(body: bytes, type_: type[_T]) -> _T | None:
    """Return what bytes say, None if it is not of the type."""
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _read(answer: Answered, type_: type[_T], what: str) -> _T:
    if answer.status != HTTPStatus.OK:
        raise _wrong(what, f"answered {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise _wrong(what, f"answered what is not as described: {error}") from error


def _wrong(what: str, how: str) -> SystemAwayError:
    return SystemAwayError(f"{what} {how}", fix="docs/appointment_systems.md says what is expected.")


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
