"""A session as its resident sees it now: what it costs, how that comes about, and when it will cost more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from flows.parking.credentials import plate_in
from flows.parking.errors import NoTariffError
from flows.parking.fees import Line
from flows.parking.gathering import Deps
from flows.parking.quoting import next_raise, seen
from flows.parking.session_tables import ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLot


class View(Struct, frozen=True, kw_only=True):
    """``fee_fen`` None: a person has to find out. ``paid_until``: up to when it may leave without paying more.

    ``is_over``: it has left, or was closed, and nothing is due.
    """

    row: ParkingSession
    lot: ParkingLot
    plate: str | None
    fee_fen: int | None
    paid_fen: int
    due_fen: int
    lines: Sequence[Line] = ()
    next_raise_at: datetime | None = None
    paid_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.is_gone and not self.due_fen

    @property
    def is_gone(self) -> bool:
        """Whether the vehicle has left, or is taken to have."""
        return self.row.ended_at is not None

    @property
    def content(self) -> tuple[Any, ...]:
        """What a view that is shown again is compared by."""
        row = self.row
        return (
            (row.id, row.state, row.entered_at, row.left_at, row.dispute, self.fee_fen, self.paid_fen, self.due_fen),
            (self.next_raise_at, self.paid_until, row.charging_from, row.charging_until),
        )


async def view(deps: Deps, row: ParkingSession) -> View:
    """Return how a session stands now, without its locks: whoever only reads does so in a ``Database.snapshot``."""
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    plate = plate_in(deps.keys.cipher.open(TEXT, row.id, row.credential_text))
    if row.closing_fen is not None:
        fee = row.closing_fen if row.adjusted_fen is None else row.adjusted_fen
        due = 0 if row.written_off_at else max(fee - row.paid_fen, 0)
        lines = msgspec.convert(row.lines, list[Line])
        return View(row=row, lot=lot, plate=plate, fee_fen=fee, paid_fen=row.paid_fen, due_fen=due, lines=lines)
    try:
        found = await seen(deps, row.id)
    except NoTariffError:
        return View(row=row, lot=lot, plate=plate, fee_fen=None, paid_fen=row.paid_fen, due_fen=0)
    now = deps.clock.now()
    covered = [each.covers_until for each in found.case.payments if each.paid_at and each.covers_until >= now]
    return View(
        row=found.row,
        lot=lot,
        plate=plate,
        fee_fen=found.fee.total_fen,
        paid_fen=found.paid_fen,
        due_fen=found.due_fen,
        lines=found.fee.lines,
        next_raise_at=next_raise(found, now),
        paid_until=max(covered, default=None),
    )
