"""A gate event as devices send it: JSON, read strictly, with the field named that is wrong."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.parking.credentials import credential
from flows.parking.errors import PlateError
from flows.parking.plates import read_plate
from flows.parking.session_tables import EventKind
from flows.parking.sessions import GateEvent
from flows.parking.tables import Direction
from flows.parking.vehicle_tables import VehicleClass

AHEAD = timedelta(minutes=5)  # how far a device's clock may be ahead of ours
LATE = timedelta(days=31)  # a device that was offline for longer is asked to be looked at
_FIELD = re.compile(r"(.*?)(?: - at `\$\.?([^`]*)`)?", re.DOTALL)
_NAMED = re.compile(r"(?:missing required|unknown) field `(\w+)`")
_Wire = TypeVar("_Wire", bound=Struct)
PlateColor = Literal["", "blue", "yellow", "black", "white", "green", "yellow_green"]
SaidClass = Literal["", VehicleClass]
Short = Annotated[str, Meta(max_length=64)]


class _Told(Struct, frozen=True, kw_only=True):
    event_id: UUID
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    occurred_at: Annotated[datetime, Meta(tz=True)]
    plate: Short = ""
    plate_color: PlateColor = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    vehicle_class: SaidClass = ""
    ticket: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    pass_subject: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]*$")] = ""
    image_ref: Annotated[str, Meta(max_length=500)] = ""
    offline: bool = False
    opened: bool | None = None
    reason: Annotated[str, Meta(max_length=40, pattern=r"^[a-z_]*$")] = ""
    paid_fen: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    paid_reference: Short = ""


class WireEvent(_Told, frozen=True, kw_only=True):
    """What happened at a lane. ``seq`` counts a device's events up; a device that was offline sends them later.

    ``opened``: whether the arm did; without it the device asks, and does as the answer says. ``confidence`` is from 0
    to 1. ``ticket`` or ``pass_subject`` (hexadecimal) stand for a plate where there is none. ``paid_fen`` was
    paid at the site itself, to its terminal or booth, which calls it ``paid_reference``.
    """

    lane: Short
    kind: Literal["enter", "exit", "deny", "manual_open", "heartbeat"]


class KeptEvent(_Told, frozen=True, kw_only=True):
    """An event of any kind, as it is kept: of a gate, or without a lane, of a bay."""

    kind: EventKind
    lane: Short = ""
    bay: UUID | None = None


class EventRefusedError(ValueError):
    """What is wrong with an event, and in which field; for the device's answer, not for residents."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


_decoder = msgspec.json.Decoder(WireEvent)
_kept = msgspec.json.Decoder(KeptEvent)


def read_event(raw: bytes, now: datetime) -> WireEvent:
    """Raises EventRefusedError."""
    event = decoded(_decoder, raw)
    if event.kind == "manual_open" and not event.reason:
        raise EventRefusedError("reason", "an arm that is lifted by hand needs one")
    _check(event, now)
    return event


def read_kept(raw: bytes, now: datetime) -> KeptEvent:
    """Read an event without a lane as we have written it. Raises EventRefusedError for what somebody told wrongly."""
    event = _kept.decode(raw)
    _check(event, now)
    return event


def as_kept(raw: str) -> KeptEvent:
    """Read an event that was kept."""
    return _kept.decode(raw)


def _check(event: _Told, now: datetime) -> None:
    if event.occurred_at > now + AHEAD:
        raise EventRefusedError("occurred_at", "the device's clock is more than five minutes ahead")
    if event.occurred_at < now - LATE:
        raise EventRefusedError("occurred_at", "it is more than 31 days ago")
    credential_of(event)


def credential_of(event: _Told) -> str:
    """Return what it is known by, empty if by nothing. Raises EventRefusedError for a plate that is none."""
    if event.plate:
        try:
            return credential("plate", read_plate(event.plate).text)
        except PlateError as error:
            raise EventRefusedError("plate", error.message) from None
    if event.ticket:
        return credential("ticket", event.ticket)
    return credential("pass", event.pass_subject) if event.pass_subject else ""


def gate_event(
    event_id: UUID,
    device_id: str,
    wire: WireEvent | KeptEvent,
    direction: Direction,
    opened: bool,  # noqa: FBT001 - a value, not a switch
) -> GateEvent:
    """Return an event as sessions follow from it."""
    return GateEvent(
        id=event_id,
        device_id=device_id,
        seq=wire.seq,
        kind=wire.kind,
        direction=direction,
        occurred_at=wire.occurred_at,
        credential=credential_of(wire),
        color=wire.plate_color,
        confidence=round(wire.confidence * 1000),
        vehicle_class=wire.vehicle_class,
        opened=opened,
        reason=wire.reason,
        paid_fen=wire.paid_fen,
        bay=wire.bay if isinstance(wire, KeptEvent) else None,
    )


def decoded(decoder: msgspec.json.Decoder[_Wire], raw: bytes) -> _Wire:
    """Read JSON. Raises EventRefusedError with the field that is wrong."""
    try:
        raw.decode()  # as it is kept: a decoder skips fields that it does not know, whatever bytes they hold
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise EventRefusedError(*field_and_problem(str(error))) from None


def field_and_problem(message: str) -> tuple[str, str]:
    """Return the field that a message of msgspec is about, ``body`` if it names none, and what is wrong with it."""
    found = _FIELD.fullmatch(message)
    problem, field = (found[1], found[2] or "") if found else (message, "")
    named = _NAMED.search(problem)
    return field or (named[1] if named else "body"), problem
