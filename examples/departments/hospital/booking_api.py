"""``/booking``: the clinic's times for the platform, as docs/appointment_system.yaml says, and its own counter.

What is at ``/booking/counter`` stands for the hospital's own screens, and is for nobody outside it.
"""

import datetime as dt
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from examples.departments.hospital.registration import (
    Change,
    GoneError,
    Place,
    Registration,
    Slot,
    TakenError,
    Wish,
)
from examples.departments.hospital.registration import State as Told
from examples.departments.server import ProblemError, needs

_PAGE = 500
_PLATFORM = [needs("L1", by="system_verifier")]


class SlotPage(Struct, omit_defaults=True):
    """A page of slots."""

    slots: list[Slot]
    changes: str
    cursor: str = ""


class ChangePage(Struct):
    """What has changed."""

    changes: list[Change]
    cursor: str
    more: bool


class Refused(Struct):
    """How the slots of a refused appointment stand."""

    slots: list[Slot]


class SlotChange(Struct):
    """What the hospital changes about a time."""

    resource: str
    starts: dt.datetime
    capacity: int | None = None
    closed: bool = False


class Doing(Struct):
    """What the hospital does with an appointment."""

    state: Told
    reason: str = ""
    to: Place | None = None


def _registration(state: State) -> Registration:
    found: Registration = state.registration
    found.write_ahead()
    return found


@get("/slots", guards=_PLATFORM)
async def list_slots(
    state: State,
    since: Annotated[dt.datetime, QueryParameter(name="from")],
    until: Annotated[dt.datetime, QueryParameter(name="to")],
    cursor: Annotated[int, QueryParameter(ge=0)] = 0,
) -> SlotPage:
    """List the slots that begin in a span."""
    of = _registration(state)
    found = sorted((each for each in of.slots.values() if since <= each.starts < until), key=lambda each: each.starts)
    following = str(cursor + _PAGE) if cursor + _PAGE < len(found) else ""
    return SlotPage(found[cursor : cursor + _PAGE], f"{of.name}-{len(of.changes)}", following)


@get("/changes", guards=_PLATFORM)
async def list_changes(state: State, after: FromQuery[str]) -> ChangePage:
    """List what has changed after a cursor."""
    of = _registration(state)
    name, _, number = after.rpartition("-")
    if name != of.name or not number.isdecimal() or int(number) > len(of.changes):
        raise ProblemError("This cursor is of an earlier run: read all slots.", status_code=410)
    begin = int(number)
    page = of.changes[begin : begin + _PAGE]
    return ChangePage(page, f"{of.name}-{begin + len(page)}", begin + len(page) < len(of.changes))


@put("/appointments/{number:uuid}", guards=_PLATFORM)
async def book(number: FromPath[UUID], data: JSONBody[Wish], state: State) -> Response[Refused | None]:
    """Book an appointment of the platform; again it is the same one."""
    of = _registration(state)
    try:
        return Response(None, status_code=201 if of.book(number, data) else 200)
    except TakenError as error:
        return Response(Refused(error.slots), status_code=409)
    except GoneError:
        return Response(Refused([]), status_code=410)


@delete("/appointments/{number:uuid}", guards=_PLATFORM)
async def give_up(number: FromPath[UUID], state: State) -> None:
    """Have an appointment be none, whether or not it was one."""
    _registration(state).give_up(number)


@post("/counter/patients", status_code=204)
async def come(data: JSONBody[Place], state: State) -> None:
    """Give somebody who stands at the counter a place."""
    slot = _registration(state).slots.get((data.resource, data.starts))
    if slot is None or slot.is_full():
        raise ProblemError("This time is taken, or there is none.", status_code=409)
    slot.taken += 1
    _registration(state).note(slot)


@post("/counter/slots", status_code=204)
async def change_slot(data: JSONBody[SlotChange], state: State) -> None:
    """Change how many places a time has, or serve it no more."""
    slot = _registration(state).slots.get((data.resource, data.starts))
    if slot is None:
        raise ProblemError("There is no such time.", status_code=404)
    slot.capacity, slot.closed = slot.capacity if data.capacity is None else data.capacity, data.closed
    _registration(state).note(slot)


@post("/counter/appointments/{number:uuid}", status_code=204)
async def do(number: FromPath[UUID], data: JSONBody[Doing], state: State) -> None:
    """Cancel or move an appointment, or say whether its patient came."""
    try:
        _registration(state).tell(number, data.state, data.reason, data.to)
    except (TakenError, GoneError) as error:
        raise ProblemError(str(error), status_code=409) from error
    except KeyError as error:
        raise ProblemError("There is no such appointment.", status_code=404) from error


ROUTER = Router("/booking", route_handlers=[list_slots, list_changes, book, give_up, come, change_slot, do])
