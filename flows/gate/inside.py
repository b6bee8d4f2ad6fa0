"""Who is in the lot: the platform's open sessions, and what has happened here that it does not know yet. In memory.

Both are made one by the platform's own pure functions: a session counts as its entry's event, and what happened here
comes after it. So box and platform say the same of the same events.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from flows.gate.free_entries import FreeEntries
from flows.parking.matching import match_exits, near_credentials
from flows.parking.sessions import REREAD, GateEvent, sessions_of
from flows.parking.site_snapshot import SiteSession, known_as
from flows.parking.visits import Visit

_NEVER = datetime.min.replace(tzinfo=UTC)


class Named(Struct, frozen=True):
    """What was read of a vehicle when it entered here; the platform's sessions have hashes only."""

    credential: str
    color: str
    confidence: int


class Happened(Struct, frozen=True):
    """An event here, with its number."""

    seq: int
    event: GateEvent


class Inside:
    """``who`` is always the lot's hash of a credential."""

    def __init__(self, lot: UUID) -> None:
        self._lot = lot
        self._sessions: dict[str, SiteSession] = {}
        self._happened: dict[str, list[Happened]] = {}
        self._named: dict[str, Named] = {}
        self._left: dict[str, datetime] = {}
        self._leaving: dict[str, SiteSession] = {}  # whose drivers have left by phone
        self.free = FreeEntries()

    def who(self, credential: str) -> str:
        return known_as(self._lot, credential)

    def add(self, happened: Happened) -> Named | None:
        """Take an event in; return what to remember of a vehicle that entered."""
        event = happened.event
        if not event.credential:
            return None
        who = self.who(event.credential)
        self._happened.setdefault(who, []).append(happened)
        if event.opened and event.direction == "exit":
            self._left[who] = max(event.occurred_at, self._left.get(who, _NEVER))  # it may be told late
            return None
        return self.name(who, Named(event.credential, event.color, event.confidence)) if event.opened else None

    def name(self, who: str, named: Named) -> Named:
        self._named[who] = named
        return named

    def take_back(self, event: GateEvent) -> None:
        """Forget an event that could not be kept."""
        who = self.who(event.credential)
        self._happened[who] = [each for each in self._happened.get(who, ()) if each.event.id != event.id]
        self._left.pop(who, None)

    def learn(self, sessions: Iterable[SiteSession], *, complete: bool, told: int) -> list[str]:
        """Take over what the platform says, which knows the events up to the number ``told``.

        What was paid here is remembered while the vehicle is inside: snapshots have what was paid elsewhere.
        Returns whose plates need not be remembered any more.
        """
        sessions = list(sessions)
        self.free.learn(sessions, complete=complete)
        if complete:
            self._sessions.clear()
            self._leaving.clear()
        for session in sessions:
            self._leave(session)
            held = self._sessions.get(session.who)
            if session.open and (held is None or _since(held) <= _since(session)):
                self._sessions[session.who] = session
            elif not session.open and held is not None and held.id == session.id:
                del self._sessions[session.who]
        for who in list(self._happened):
            known = self._sessions.get(who) is not None
            rest = [each for each in self._happened[who] if each.seq > told or (each.event.paid_fen and known)]
            if rest:
                self._happened[who] = rest
            else:
                del self._happened[who]
        newest = max(self._left.values(), default=_NEVER)
        self._left = {who: at for who, at in self._left.items() if newest - at <= REREAD}
        gone = [who for who in self._named if not self.is_known(who)]
        for who in gone:
            del self._named[who]
        return gone

    @property
    def paid_here(self) -> list[int]:
        """The numbers of the events that brought money for who is inside: snapshots do not have it."""
        return [each.seq for events in self._happened.values() for each in events if each.event.paid_fen]

    def let_out(self, event: GateEvent) -> None:
        """Take note that an event is kept: who left by phone is let out once."""
        if event.credential and event.opened and event.direction == "exit":
            self._leaving.pop(self.who(event.credential), None)

    def _leave(self, session: SiteSession) -> None:
        leaving = self._leaving.get(session.who)
        if session.leaves_until is not None:
            self._leaving[session.who] = session
        elif leaving is not None and leaving.id == session.id:
            del self._leaving[session.who]

    def is_known(self, who: str) -> bool:
        """Whether it is inside, or something has happened with it that the platform does not know yet."""
        return who in self._sessions or who in self._happened

    def before(self, visit: Visit) -> list[Visit]:
        """Return the visits of the same vehicle that are known here and came earlier, in their order."""
        visits = sessions_of(self._events(self.who(visit.credential), visit.credential))
        return [each for each in visits if each.opened_at < visit.opened_at]

    def after(self, event: GateEvent) -> Visit:
        """Return the visit that an event at an exit belongs to, were it to happen."""
        events = [*self._events(self.who(event.credential), event.credential), event]
        visits = [each for each in sessions_of(events) if event.id in each.events]
        if visits[0].entered_at is None:
            visits += [each for each in map(self._last, self._near(event.credential)) if each is not None]
        return next(each for each in match_exits(visits) if event.id in each.events)

    def session(self, visit: Visit) -> SiteSession | None:
        """Return the platform's session of a visit, which has its payments."""
        session = self._sessions.get(self.who(visit.credential))
        return session if session is not None and session.id == visit.id else None

    def has_just_left(self, who: str, at: datetime) -> bool:
        """Whether it has left so lately that this is the same passage: by an exit here, or by its driver's phone."""
        left, leaving = self._left.get(who), self._leaving.get(who)
        by_phone = leaving is not None and leaving.leaves_until is not None and at <= leaving.leaves_until
        return by_phone or (left is not None and at - left <= REREAD)

    def forget_leaving(self, now: datetime) -> list[UUID]:
        """Forget who left by phone and whose time is over; return their sessions."""
        over = [who for who, each in self._leaving.items() if each.leaves_until is None or each.leaves_until < now]
        return [self._leaving.pop(who).id for who in over]

    @property
    def count(self) -> int:
        """How many vehicles are inside, as far as is known here."""
        quiet = sum(each.entered_at is not None for who, each in self._sessions.items() if who not in self._happened)
        visits = (self._last(who) for who in self._happened)
        return quiet + sum(each is not None and each.inside and each.entered_at is not None for each in visits)

    def _near(self, credential: str) -> list[str]:
        """Return who has a plate that a camera may take for this one."""
        return [who for who, each in self._named.items() if near_credentials(credential, each.credential)]

    def _last(self, who: str) -> Visit | None:
        """Return the last visit of somebody."""
        named, happened = self._named.get(who), self._happened.get(who)
        credential = named.credential if named else happened[0].event.credential if happened else who
        visits = sessions_of(self._events(who, credential))
        return visits[-1] if visits else None

    def _events(self, who: str, credential: str) -> list[GateEvent]:
        events = [each.event for each in self._happened.get(who, ())]
        session, named = self._sessions.get(who), self._named.get(who)
        if session is not None and session.entered_at is not None:
            events.append(
                GateEvent(
                    id=session.id,
                    device_id="",
                    seq=0,
                    kind="enter",
                    direction="enter",
                    occurred_at=session.entered_at,
                    credential=credential,
                    color=named.color if named else "",
                    confidence=named.confidence if named else 1000,
                    vehicle_class=session.vehicle_class,
                )
            )
        return events


def _since(session: SiteSession) -> datetime:
    return session.entered_at or _NEVER
