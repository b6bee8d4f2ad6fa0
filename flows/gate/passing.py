"""A vehicle at a lane: decided from memory, kept, answered. The platform is never asked on the way."""

from collections.abc import Mapping
from uuid import UUID

from msgspec.structs import replace

from flows.gate.charging import Due, Known, due_of, with_free_minutes
from flows.gate.cloud import Cloud
from flows.gate.deciding import AtExit, Barrier, at_entry, at_exit
from flows.gate.inside import Inside
from flows.gate.journal import Entry, Journal, event_of
from flows.gate.lanes import Lanes, Waiting
from flows.gate.scanning import Scanner
from flows.gate.site_file import SiteFile
from flows.gate.store import Change
from flows.gate.terms import Terms
from flows.gate.wire import Answer
from flows.parking.event_wire import WireEvent, credential_of
from flows.parking.exit_decision import Asked
from flows.parking.plates import read_plate
from flows.parking.site_snapshot import SiteLane
from flows.parking.visits import Visit
from kernel.clock import Clock
from kernel.ids import uuid7


class Passing:
    """``terms`` is replaced when the platform says something new (``syncing``)."""

    def __init__(self, site: SiteFile, parts: tuple[Inside, Journal, Scanner, Cloud], clock: Clock) -> None:
        self.site = site
        self.inside, self.journal, self.scanner, self.cloud = parts
        self.clock = clock
        self.lanes = Lanes()
        self.terms = Terms()

    @property
    def serves(self) -> Mapping[str, SiteLane]:
        """The lanes of this box: as the platform says, else as the site's file does."""
        told = {name: lane for name, lane in self.terms.lanes.items() if lane.mine}
        return told or {lane.name: lane for lane in self.site.lanes}

    async def pass_(self, lane: SiteLane, wire: WireEvent, also: tuple[Change, ...] = ()) -> Answer:
        """Decide, keep and answer what comes to a lane. Raises StoreFailedError."""
        barrier = self._decide(lane, wire)
        if barrier.reason == "receipt":
            also = (*also, self.scanner.spend(self.inside.who(credential_of(wire))))
        answer = await self.write(lane, wire, barrier, also)
        credential = credential_of(wire)
        stays = bool(credential) and barrier.decision in ("pay", "booth")
        self.lanes.stands_at(lane.name, credential)
        self.lanes.wait(lane.name, Waiting(wire, answer) if stays else None)
        return answer

    async def passed(self, lane: SiteLane, wire: WireEvent) -> Answer:
        """Keep what is told too late to decide anything: the arm has done what its lane is set to without an answer.

        Whoever waits at the lane now goes on waiting, and what the lane shows stays.
        """
        wire = replace(wire, opened=lane.fail_open, reason="fail_open" if lane.fail_open else "late", offline=True)
        return await self._keep(lane, wire, Barrier("booth", "late"))

    async def write(self, lane: SiteLane, wire: WireEvent, barrier: Barrier, also: tuple[Change, ...] = ()) -> Answer:
        """Keep what was decided, then show it."""
        wire = replace(
            wire,
            kind="deny" if barrier.decision == "deny" else wire.kind,
            opened=barrier.opens,
            reason=wire.reason or barrier.reason,
            offline=not self.cloud.is_up(self.clock.now()),
        )
        return self.lanes.show(await self._keep(lane, wire, replace(barrier, reason=wire.reason), also))

    async def _keep(self, lane: SiteLane, wire: WireEvent, barrier: Barrier, also: tuple[Change, ...] = ()) -> Answer:
        answer = Answer(
            decision=barrier.decision,
            reason=barrier.reason,
            amount_fen=barrier.amount_fen,
            event_id=str(wire.event_id),
            lane=lane.name,
            at=self.clock.now(),
            plate=wire.plate,
        )
        return await self.journal.write(Entry(wire, lane.direction, answer), *also)

    async def look_again(self) -> None:
        """Open for whoever waits and owes nothing any more, now that something new is known."""
        for name, waiting in self.lanes.all_waiting(self.clock.now()):
            if (lane := self.serves.get(name)) is not None and self._decide(lane, self.again(waiting)).opens:
                await self.pass_(lane, self.again(waiting))

    def again(
        self, waiting: Waiting, event_id: UUID | None = None, *, paid_fen: int = 0, paid_reference: str = ""
    ) -> WireEvent:
        """Return the event of a vehicle that waits, as of now."""
        return replace(
            waiting.wire,
            event_id=event_id or uuid7(),
            occurred_at=self.clock.now(),
            reason="",
            paid_fen=paid_fen,
            paid_reference=paid_reference,
        )

    def is_inside(self, wire: WireEvent) -> bool:
        """Whether what is read at an exit is a vehicle that entered and has not left."""
        visit = self._visit(wire)
        return visit.entered_at is not None and visit.left_at is None

    def _visit(self, wire: WireEvent) -> Visit:
        return self.inside.after(event_of(str(self.site.device), replace(wire, seq=self.journal.next), "exit"))

    def _decide(self, lane: SiteLane, wire: WireEvent) -> Barrier:
        known = credential_of(wire)
        if lane.direction == "enter":
            return at_entry(
                read=bool(known), barred=bool(wire.plate) and read_plate(wire.plate).text in self.site.barred
            )
        return self._at_exit(lane, wire, self.inside.who(known)) if known else Barrier("booth", "unread")

    def _at_exit(self, lane: SiteLane, wire: WireEvent, who: str) -> Barrier:
        at = wire.occurred_at
        visit = self._visit(wire)
        due = due_of(visit, self._known(visit), self.terms, at)
        receipt = self.scanner.receipts.get(who)
        return at_exit(
            AtExit(
                asked=self._asked(visit, due, who) if self.terms.versions else None,
                fail_open=lane.fail_open,
                heard=self.cloud.is_up(self.clock.now()),
                again=visit.left_at is not None or (visit.entered_at is None and self.inside.has_just_left(who, at)),
                receipt=receipt is not None and at <= receipt.until,
                permit=due.permit,
            )
        )

    def _known(self, visit: Visit) -> Known:
        inside, terms, who = self.inside, self.terms, self.inside.who(visit.credential)
        free = with_free_minutes(inside.before(visit), who, inside.free.of(who), terms) if terms.free_for else ()
        return Known(who=who, session=inside.session(visit), free=free)

    def _asked(self, visit: Visit, due: Due, who: str) -> Asked:
        return Asked(
            match=visit.match,
            due_fen=due.fen,
            in_grace=due.in_grace,
            pays_later=self.terms.lot is not None and self.terms.lot.pays_later,
            mandate=due.fen is not None and due.fen <= self.terms.mandates.get(who, 0),
        )
