"""The box's log of each day, handed in once the day is over: the third side of reconciliation (docs/reconciliation.md).

A day is that of the box's own clock, in which events are numbered, so that each event is in one log. Events stay in the
store until their day's log is handed in, or refused: that is said, and later days do not wait for it.
"""

import logging
from collections.abc import AsyncIterator
from datetime import date

import msgspec

from flows.gate.cloud import Cloud
from flows.gate.journal import Journal
from flows.gate.store import Store, keep
from flows.gate.wire import Answer
from flows.parking.event_wire import WireEvent
from flows.parking.site_logs.wire import LogLine, SiteLog
from flows.parking.tables import Direction
from kernel.clock import CHINA, Clock

_REFUSED = (413, 422)
_HANDED_IN = "log.handed_in"  # the number of the last event that is in a log
_EVENTS = "SELECT seq, body, answer FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
_AT_ONCE = 500  # rows read at once: decisions come between

_log = logging.getLogger(__name__)


class DayLogs:
    """Made once; ``hand_in`` is called now and again."""

    def __init__(self, store: Store, journal: Journal, cloud: Cloud, clock: Clock) -> None:
        self._store, self._journal, self._cloud, self._clock = store, journal, cloud, clock

    async def hand_in(self) -> None:
        """Hand in every day that is over and whose events are sent. Raises CloudAwayError, StoreFailedError."""
        while (found := await self._next()) is not None:
            log, last = found
            reply = await self._cloud.post("/parking/site/logs", msgspec.json.encode(log), taken=_REFUSED)
            if reply.status in _REFUSED:
                why = reply.body.decode(errors="replace")[:500]
                _log.error("the platform refuses the log of a day", extra={"day": log.day.isoformat(), "why": why})
            await self._store.write(
                [
                    keep(_HANDED_IN, b"%d" % last),
                    ("DELETE FROM event WHERE state = 'known' AND seq <= ?", (last,)),
                ]
            )

    async def _next(self) -> tuple[SiteLog, int] | None:
        """Return the next day's log with the number of its last event, if it is over and all of it is sent.

        What was decided on a day that is still to come, as the clock ran ahead, goes with the events beside it.
        """
        kept = await self._store.rows("SELECT body FROM kept WHERE name = ?", _HANDED_IN)
        last, today = int(kept[0][0]) if kept else 0, self._clock.now().astimezone(CHINA).date()
        day: date | None = None
        lines: list[LogLine] = []
        async for seq, line, decided in self._after(last):
            if decided <= today:
                day = day or decided
                if decided > day or day == today:
                    break
            lines.append(line)
            last = seq
        if day is None or day == today or self._journal.told < last:
            return None
        return SiteLog(day=day, lines=lines), last

    async def _after(self, last: int) -> AsyncIterator[tuple[int, LogLine, date]]:
        """Yield the events after a number: each one's number, its line, and the day in which it was decided."""
        while rows := await self._store.rows(_EVENTS, last, _AT_ONCE):
            for seq, body, answer in rows:
                yield seq, *_line(body, answer)
            last = rows[-1][0]


def _line(body: bytes, answer: bytes) -> tuple[LogLine, date]:
    """Return an event's line, and the day of the box in which it was decided."""
    wire, _ = msgspec.json.decode(body, type=tuple[WireEvent, Direction])
    said = msgspec.json.decode(answer, type=Answer)
    known = wire.kind != "manual_open" and said.reason != "again"
    line = LogLine(
        event_id=wire.event_id,
        seq=wire.seq,
        at=wire.occurred_at,
        lane=wire.lane,
        kind=wire.kind,  # type: ignore[arg-type]  # the box writes no heartbeats
        opened=bool(wire.opened),
        reason=wire.reason,
        owed_fen=said.amount_fen if said.decision == "open" and known else None,
        paid_fen=wire.paid_fen,
    )
    return line, said.at.astimezone(CHINA).date()
