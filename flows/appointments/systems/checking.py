"""Is a department's booking system what docs/appointment_system.yaml says? Tried by calls, and told where it is not.

It books the last free time that it finds, and gives that up again.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from flows.appointments.errors import SystemAwayError
from flows.appointments.systems.client import BOOK_SECONDS, Client
from flows.appointments.systems.wire import Change, ChangePage, Slot, SlotPage, Wish
from kernel.ids import uuid7
from kernel.outside import Answered

_SPAN = timedelta(days=14)
_PAGES = 50
_T = TypeVar("_T")


class Defect(Struct, frozen=True):
    """Where a system is not as it should be, how, and what to do."""

    where: str
    what: str
    fix: str


class _Stop(Exception):  # noqa: N818 - no error: what follows cannot be tried
    pass


class Check:
    """One run over a system."""

    def __init__(self, client: Client, now: datetime, moment: Callable[[], float]) -> None:
        self._client, self._now, self._moment = client, now, moment
        self.defects: list[Defect] = []
        self._cursor = ""

    async def run(self) -> list[Defect]:
        """Try everything, and return what is wrong in the order in which it was found."""
        try:
            await self._strangers()
            slots = [each async for each in self._slots()]
            await self._unknown_cursor()
            free = [each for each in slots if not each.closed and each.taken + len(each.booked) < each.capacity]
            if free:
                await self._bookings(max(free, key=lambda each: each.starts))
            else:
                self._wrong("GET /slots", f"no time of the next {_SPAN.days} days is free", "Open one, and try again.")
        except _Stop:
            pass
        except SystemAwayError as error:
            self._wrong(self._client.url, error.message, error.fix)
        return [*dict.fromkeys(self.defects)]

    def _wrong(self, where: str, what: str, fix: str) -> None:
        self.defects.append(Defect(where, what, fix))

    def _is(self, where: str, answer: Answered, *statuses: int, fix: str) -> bool:
        if answer.status in statuses:
            return True
        expected = " or ".join(map(str, statuses))
        self._wrong(where, f"answered {answer.status}, not {expected}", fix)
        return False

    def _read(self, where: str, body: bytes, type_: type[_T]) -> _T | None:
        try:
            return msgspec.json.decode(body, type=type_)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._wrong(where, str(error), "Compare it with docs/appointment_system.yaml.")
            return None

    async def _strangers(self) -> None:
        fix = "Verify the header yiwang-identity (docs/assertions.md) at every operation."
        for identity, whose in (("", "without a word of the platform"), ("e30.e30.e30", "with a forged one")):
            get = await self._client.exchange("GET", "/changes?after=0", identity=identity)
            self._is(f"GET /changes {whose}", get, HTTPStatus.UNAUTHORIZED, fix=fix)
            gone = await self._client.exchange("DELETE", f"/appointments/{uuid7()}", identity=identity)
            self._is(f"DELETE /appointments/{{id}} {whose}", gone, HTTPStatus.UNAUTHORIZED, fix=fix)

    async def _slots(self) -> AsyncIterator[Slot]:
        cursor, until = "", self._now + _SPAN
        for _ in range(_PAGES):
            asked = await self._client.list_slots(self._now, until, cursor)
            if not self._is("GET /slots", asked, HTTPStatus.OK, fix="Let in who is the platform, and look at its log."):
                raise _Stop
            page = self._read("GET /slots", asked.body, SlotPage)
            if page is None:
                raise _Stop
            self._cursor = self._cursor or page.changes
            for number, raw in enumerate(page.slots):
                slot = self._read(f"GET /slots: slots/{number}", raw, Slot)
                if slot is not None and self._fits(slot, number, until):
                    yield slot
            if page.cursor is None:
                return
            cursor = page.cursor
        self._wrong("GET /slots", f"has more than {_PAGES} pages", "Put up to 1,000 slots into each.")

    def _fits(self, slot: Slot, number: int, until: datetime) -> bool:
        where = f"GET /slots: slots/{number}"
        if not self._now - timedelta(seconds=1) <= slot.starts < until:
            self._wrong(where, "begins outside the span", "List what begins from `from` on and before `to`.")
        if slot.ends <= slot.starts:
            self._wrong(where, "ends before it begins", "Exchange the two.")
            return False
        return True

    async def _unknown_cursor(self) -> None:
        answer = await self._client.exchange("GET", "/changes?after=never-given-out")
        fix = "Say so, and the platform reads all slots anew; else changes would be lost without a word."
        self._is("GET /changes with an unknown cursor", answer, HTTPStatus.GONE, fix=fix)

    async def _bookings(self, slot: Slot) -> None:
        number, wish = uuid7(), _wish(slot)
        began = self._moment()
        first = await self._put(number, wish)
        if self._moment() - began > BOOK_SECONDS / 2:
            self._wrong("PUT /appointments/{id}", "took more than half of its 3 seconds", "Make it quicker.")
        if not self._is("PUT of a free time", first, HTTPStatus.CREATED, HTTPStatus.OK, fix="Book it."):
            await self._delete(number)
            return
        again = await self._put(number, wish)
        fix = "Look the id up first: an answer may be lost, and the platform asks again."
        self._is("PUT, the same again", again, HTTPStatus.OK, HTTPStatus.CREATED, fix=fix)
        await self._counted(slot, number)
        await self._no_such_time(wish)
        fix = "Delete it whether or not it is known."
        for what in ("DELETE", "DELETE, the same again"):
            self._is(what, await self._delete(number), HTTPStatus.NO_CONTENT, HTTPStatus.OK, fix=fix)
        fix = "Remember ids that were deleted: a PUT may be on its way still when its DELETE comes."
        for what, other in (("PUT after its DELETE", number), ("PUT after the DELETE of an unknown id", uuid7())):
            await self._delete(other)
            if not self._is(what, await self._put(other, wish), HTTPStatus.GONE, fix=fix):
                await self._delete(other)
        now = await self._as_it_is(slot)
        if now is not None and number in now.booked:
            self._wrong("GET /slots after a DELETE", "`booked` still has the appointment", "Free its place.")

    async def _counted(self, slot: Slot, number: UUID) -> None:
        """Look how the booked slot is told, in the list and in the changes."""
        now = await self._as_it_is(slot)
        if now is None:
            self._wrong("GET /slots after a PUT", "the booked time is gone", "List times that are full, too.")
            return
        if now.booked.count(number) != 1:
            fix = "List the ids of the platform's appointments in each slot, once."
            self._wrong("GET /slots after a PUT", "`booked` does not have the appointment once", fix)
        if now.taken > slot.taken:
            fix = "Count in `taken` only what others have; the platform's own are in `booked`."
            self._wrong("GET /slots after a PUT", "`taken` counts the appointment", fix)
        if now.version <= slot.version:
            self._wrong("GET /slots after a PUT", "`version` is not higher", "Count it up with every change of a slot.")
        answer = await self._client.exchange("GET", f"/changes?after={self._cursor}")
        if not self._is("GET /changes", answer, HTTPStatus.OK, fix="Answer with the `changes` of GET /slots."):
            return
        page = self._read("GET /changes", answer.body, ChangePage)
        told = [
            self._read(f"GET /changes: changes/{n}", raw, Change) for n, raw in enumerate(page.changes if page else ())
        ]
        if not any(each and each.slot and _same(each.slot, slot) and number in each.slot.booked for each in told):
            fix = "Tell every change of a slot, also by the platform."
            self._wrong("GET /changes after a PUT", "the booked slot is not among them", fix)

    async def _no_such_time(self, wish: Wish) -> None:
        number = uuid7()
        nowhere = msgspec.structs.replace(wish, starts=wish.starts + timedelta(seconds=7), ends=wish.ends)
        answer = await self._put(number, nowhere)
        fix = "Refuse what is no slot of yours."
        self._is("PUT of a time that there is not", answer, HTTPStatus.GONE, HTTPStatus.CONFLICT, fix=fix)
        await self._delete(number)

    async def _as_it_is(self, slot: Slot) -> Slot | None:
        found = [each async for each in self._slots() if _same(each, slot)]
        return found[0] if found else None

    async def _put(self, number: UUID, wish: Wish) -> Answered:
        return await self._client.exchange("PUT", f"/appointments/{number}", wish)

    async def _delete(self, number: UUID) -> Answered:
        return await self._client.exchange("DELETE", f"/appointments/{number}")


def _same(one: Slot, other: Slot) -> bool:
    return (one.office, one.resource, one.starts) == (other.office, other.resource, other.starts)


def _wish(slot: Slot) -> Wish:
    said: dict[str, Any] = {"office": slot.office, "resource": slot.resource, "service": slot.services[0]}
    return Wish(**said, starts=slot.starts, ends=slot.ends, people=1, channel="public", code="CHECKING")
