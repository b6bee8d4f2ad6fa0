"""What cameras, scanners, terminals and pages send to the box, and what it answers: JSON, read strictly."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.gate.deciding import Kind
from flows.gate.errors import GateRequestError
from flows.parking.event_wire import SaidClass, field_and_problem

_T = TypeVar("_T", bound=Struct)


class _Sent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``id`` is the sender's own: what comes again with the same one is answered as the first time."""

    id: UUID | None = None


class PlateRead(_Sent, frozen=True, kw_only=True):
    """What a camera read; ``plate`` is empty if it could read nothing."""

    plate: Annotated[str, Meta(max_length=64)]
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    colour: Literal["", "blue", "yellow", "black", "white", "green", "yellow_green"] = ""
    vehicle_class: SaidClass = ""
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    image_ref: Annotated[str, Meta(max_length=500)] = ""


class CodeShown(_Sent, frozen=True, kw_only=True):
    """The text of a code that a scanner read: a pass code or a signed receipt."""

    text: Annotated[str, Meta(min_length=1, max_length=400)]


class OpenedByHand(_Sent, frozen=True, kw_only=True):
    """Somebody lifts the arm; ``reason`` is a word such as ``ambulance``."""

    reason: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z_]+\Z")]
    plate: Annotated[str, Meta(max_length=64)] = ""


class PaidHere(_Sent, frozen=True, kw_only=True):
    """The lane's terminal or booth took money for the vehicle that waits there."""

    amount_fen: Annotated[int, Meta(ge=1, le=10_000_000)]
    reference: Annotated[str, Meta(max_length=64)] = ""


class LinkChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Cut the line to the platform, or mend it: for tests and demonstrations."""

    cut: bool


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the arm does. ``amount_fen`` is what is to be paid; with ``open`` it is owed, and collected later."""

    decision: Kind
    reason: str
    amount_fen: int = 0
    event_id: str = ""
    lane: str
    at: datetime
    plate: str = ""
    message: str = ""


def read(body: bytes, type_: type[_T]) -> _T:
    """Raises GateRequestError, which names the field."""
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GateRequestError(*field_and_problem(str(error))) from error
