"""A site's log of one day as its device hands it in: what its arms did and what was taken in cash. No plates."""

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.parking.errors import SiteLogError
from flows.parking.event_wire import Short, field_and_problem

_Fen = Annotated[int, Meta(ge=0, le=10_000_000)]


class LogLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one arm did. ``event_id`` and ``seq`` are those of the event that was sent; without them it is a bare lift.

    ``owed_fen`` is what whoever was let out still owed, as far as the site knew; absent: the site does not say.
    ``paid_fen`` was taken by its terminal or booth.
    """

    at: Annotated[datetime, Meta(tz=True)]
    lane: Short
    kind: Literal["enter", "exit", "deny", "manual_open"]
    opened: bool
    event_id: UUID | None = None
    seq: Annotated[int, Meta(ge=0, le=2**62)] = 0
    reason: Annotated[str, Meta(max_length=40, pattern=r"^[a-z_]*$")] = ""
    owed_fen: _Fen | None = None
    paid_fen: _Fen = 0


class SiteLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a day of Beijing's, as the device counts its days. Handed in again it replaces the one before."""

    day: date
    lines: list[LogLine]


def read_log(body: bytes) -> SiteLog:
    """Raises SiteLogError, which names the field."""
    try:
        log = msgspec.json.decode(body, type=SiteLog)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SiteLogError(*field_and_problem(str(error))) from error
    for field in ("event_id", "seq"):
        counted = Counter(getattr(line, field) for line in log.lines if line.event_id is not None)
        again = next((value for value, times in counted.items() if times > 1), None)
        if again is not None:
            raise SiteLogError(f"lines[].{field}", f"{again} stands in two lines")
    return log
