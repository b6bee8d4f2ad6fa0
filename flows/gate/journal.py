"""What happened at the site, numbered and on the disk before any arm moves; kept until the platform has it."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from flows.gate.errors import StoreFailedError
from flows.gate.inside import Happened, Inside
from flows.gate.store import Change, Statement, Store
from flows.gate.wire import Answer
from flows.parking.event_ids import event_id_of
from flows.parking.event_wire import WireEvent, gate_event
from flows.parking.sessions import GateEvent
from flows.parking.tables import Direction
from kernel.clock import Clock

_REMEMBERED = 10_000  # answers, for senders that lost them
_EPOCH = datetime.fromtimestamp(0, UTC)


class Entry(Struct, frozen=True):
    """An event as it is sent, with the lane's direction and the answer that the arm was given."""

    wire: WireEvent
    direction: Direction
    answer: Answer


class Journal:
    """``queued`` is set whenever there is something to send. ``waiting`` counts it."""

    def __init__(self, store: Store, inside: Inside, device: str, clock: Clock) -> None:
        self._store = store
        self._inside = inside
        self._device = device
        self._clock = clock
        self._seq = 0
        self._answers: OrderedDict[UUID, Answer] = OrderedDict()
        self._writing: dict[UUID, asyncio.Future[None]] = {}
        self.queued = asyncio.Event()
        self.waiting = 0
        self.told = 0  # the platform knows the events up to this number

    async def open(self) -> None:
        """Read what was here before. A store that is new counts from the time: a box may be replaced."""
        last = await self._store.rows("SELECT seq FROM sqlite_sequence WHERE name = 'event'")
        self._seq = last[0][0] if last else (self._clock.now() - _EPOCH) // timedelta(milliseconds=1)
        query = "SELECT seq, body, answer, state FROM event WHERE state IN ('waiting', 'sent') OR seq > ? ORDER BY seq"
        rows = await self._store.rows(query, self._seq - _REMEMBERED)
        for seq, body, answer, state in rows:
            wire, direction = msgspec.json.decode(body, type=tuple[WireEvent, Direction])
            self._answers[wire.event_id] = msgspec.json.decode(answer, type=Answer)
            if state in {"waiting", "sent"}:
                self._inside.add(happened := _happened(self._device, wire, direction))
                self._inside.let_out(happened.event)
            self.waiting += state == "waiting"
            if state != "waiting":
                self.told = seq
        if self.waiting:
            self.queued.set()

    @property
    def next(self) -> int:
        """The number of the next event."""
        return self._seq + 1

    async def answered(self, event_id: UUID | None) -> Answer | None:
        """Return what an event was answered before; if it is just being kept, once it is."""
        if event_id is None:
            return None
        if event_id in self._writing:
            await asyncio.wait([self._writing[event_id]])
        return self._answers.get(event_id)

    async def write(self, entry: Entry, *also: Change) -> Answer:
        """Give an event its number and keep it, with what goes with it; once, however often it comes.

        Raises StoreFailedError; then nothing has happened. Numbers are on the disk in their order: what is written
        together or earlier was numbered earlier.
        """
        if (known := await self.answered(entry.wire.event_id)) is not None:
            return known
        self._seq += 1
        wire = replace(entry.wire, seq=self._seq)
        happened = _happened(self._device, wire, entry.direction)
        kept = asyncio.ensure_future(self._keep(happened, entry, [*self._statements(wire, entry, happened)], also))
        self._writing[wire.event_id] = kept
        kept.add_done_callback(lambda _: self._writing.pop(wire.event_id))
        await asyncio.shield(kept)  # whoever asked may have gone meanwhile
        return entry.answer

    async def _keep(
        self, happened: Happened, entry: Entry, statements: list[Statement], also: Sequence[Change]
    ) -> None:
        try:
            await self._store.write([*statements, *(each for change in also for each in change.statements)])
        except StoreFailedError:
            self._inside.take_back(happened.event)
            for change in reversed(also):
                change.undo()
            raise
        self._inside.let_out(happened.event)
        self._answers[entry.wire.event_id] = entry.answer
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        self.waiting += 1
        self.queued.set()

    def _statements(self, wire: WireEvent, entry: Entry, happened: Happened) -> Iterator[Statement]:
        yield (
            "INSERT INTO event (seq, body, answer) VALUES (?, ?, ?)",
            (wire.seq, msgspec.json.encode((wire, entry.direction)), msgspec.json.encode(entry.answer)),
        )
        if (named := self._inside.add(happened)) is not None:
            who = self._inside.who(named.credential)
            yield "INSERT OR REPLACE INTO plate VALUES (?, ?)", (who, msgspec.json.encode(named))


def _happened(device: str, wire: WireEvent, direction: Direction) -> Happened:
    return Happened(wire.seq, event_of(device, wire, direction))


def event_of(device: str, wire: WireEvent, direction: Direction) -> GateEvent:
    """Return an event as the platform will see it."""
    event_id = event_id_of(device, wire.event_id, wire.occurred_at)
    return gate_event(event_id, device, wire, direction, opened=bool(wire.opened))
