"""What a lot's new events touch: gathered under locks, folded into visits, and written as sessions.

Locks grow with what is found: an exit that may be of another plate's visit needs that plate's lock too (``locking``).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.bays import visits_of
from flows.parking.cases import Case, Facts
from flows.parking.credentials import bay_in, credential, index_of
from flows.parking.exit_decision import Asked, Decision, decide
from flows.parking.locking import give_back, keep, lock
from flows.parking.mandates import may_debit
from flows.parking.messages import SETTLE, SessionNamed
from flows.parking.news import is_news, send_end, send_news
from flows.parking.projecting import covered_from, fee_until, money_of, owed, row_values
from flows.parking.session_tables import ParkingSession
from flows.parking.sessions import PHONE, GateEvent, passages_of, sessions_of
from flows.parking.stored import TEXT, Stored, neighbours, stored
from flows.parking.terms import Lot, Terms, lot_of, terms_of
from flows.parking.visits import Visit
from flows.parking.watching import changes
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import driver
from kernel.outbox import send


class Deps(Struct, frozen=True):
    """What every step here needs."""

    session: AsyncSession
    clock: Clock
    keys: Keys


class Touched:
    """The credentials of one lot that some events touch, with all that may change; their locks are held."""

    def __init__(self, deps: Deps, lot: Lot, credentials: dict[str, bytes], was: Stored, terms: Terms) -> None:
        self.deps, self.lot, self.terms = deps, lot, terms
        self.credentials = credentials
        self._was = was
        self._events: dict[UUID, GateEvent] = {event.id: event for event in was.events}

    def add(self, event: GateEvent) -> None:
        """Take an event in, or another word on whether it opened."""
        self._events[event.id] = event

    def visits(self) -> list[Visit]:
        return visits_of(self._events.values())

    async def neighbours(self) -> dict[str, datetime]:
        """Return what has to be gathered, too, so that exits without an entry find theirs; from which moments on."""
        passages = passages_of(self._events.values())
        if not passages:
            return {}
        connection, cipher = await driver(self.deps.session), self.deps.keys.cipher
        return await neighbours(connection, cipher, self.lot.id, passages, self._events, known=self._was.sessions)

    async def decide(self, event: GateEvent) -> Decision:
        """Say what an exit does that asks, as of the moment in which it did."""
        if not event.credential:
            return Decision("review", "unread")
        self.add(replace(event, opened=False))
        own = [each for each in self._events.values() if each.credential == event.credential]
        case = next(each for each in await self._cases(sessions_of(own)) if event.id in each.visit.events)
        if case.visit.entered_at is None:  # it is not seen to have entered: look at the others
            case = await self.case(event.id)
        fee = fee_until(case, self.terms, event.occurred_at)
        due = None if fee is None else fee.total_fen - case.paid_fen
        owes = due is not None and due > 0
        chargeable = owes and case.facts.debited_at is None and event.device_id != PHONE  # as ``collecting`` will
        decision = decide(
            Asked(
                match=case.visit.match,
                due_fen=due,
                in_grace=covered_from(case.payments, event.occurred_at) is not None,
                pays_later=self.lot.pays_later,
                mandate=chargeable and await may_debit(self.deps.session, case.visit.id, case.credential, due or 0),
            )
        )
        self.add(replace(event, opened=decision.kind == "open"))
        return decision

    async def case(self, event_id: UUID) -> Case:
        """Return the visit that an event is of."""
        return next(each for each in await self._cases(self.visits()) if event_id in each.visit.events)

    async def write(self) -> dict[UUID, UUID]:
        """Write the sessions that changed; return each event's session."""
        now, rows = self.deps.clock.now(), self._was.sessions
        told = {event.id for event in self._was.events}
        cases = await self._cases(self.visits())
        changed, news = list[dict[str, Any]](), list[Case]()
        for case in cases:
            money = money_of(case, self.terms)
            values = row_values(case, self.terms, money, now) | {"credential": case.credential}
            values |= msgspec.structs.asdict(case.facts)
            row = rows.get(case.visit.id)
            same = row is not None and _same(row, values)
            if not same:
                changed.append(self._whole(case, row, values) | {"updated_at": now})
                news += [case] if is_news(case, row, values) else []
            if not same or not told.issuperset(case.visit.events):  # a device may see again what a phone has said
                self._settle(case, owed(money, case))
        await self._upsert(changed)
        await send_news(self.deps.session, self.deps.clock, self.lot, news, known=rows)
        if changed:
            changes(self.deps.session)
        of_event = {event: case.visit.id for case in cases for event in case.visit.events}
        gone = [row_id for row_id in rows if of_event.get(row_id, row_id) != row_id]
        await self._supersede([each for each in gone if rows[each]["superseded_by"] != of_event[each]], of_event, now)
        if bays := {case.visit.bay_id for case in cases} - {None}:
            await (await driver(self.deps.session)).execute(_TAKEN, list(bays))
        return of_event

    def _settle(self, case: Case, owes: int) -> None:
        """Have what is owed collected, or what was paid too much given back, once the visit has ended."""
        if case.ended_at and owes:
            send(self.deps.session, self.deps.clock, SETTLE, SessionNamed(case.visit.id))

    async def _cases(self, visits: Sequence[Visit]) -> list[Case]:
        """Return the visits with what is known of them beside events."""
        rows = self._was.sessions
        free_at = await self._free_before(visits) if self.terms.free_once else {}
        joined = [row for row in rows.values() if row["superseded_by"]]
        cases = []
        for visit in visits:
            own = [rows[each] for each in visit.events if each in rows and _counts(rows[each], visit)]
            parted = [row for row in joined if row["superseded_by"] == visit.id and row["id"] not in visit.events]
            payments = [each for event in visit.events for each in self._was.paid.get(event, ())]
            coupons = [each for event in visit.events for each in self._was.coupons.get(event, ())]
            case = Case(
                visit=visit,
                credential=self.credentials[visit.credential],
                facts=Facts.of(own).without(parted),
                payments=payments,
                coupons=coupons,
                free_at=free_at.get(visit.credential),
            )
            fee = money_of(case, self.terms).fee if self.terms.free_once else None
            if fee and fee.free and visit.entered_at:
                free_at[visit.credential] = visit.entered_at
            cases.append(case)
        return cases

    async def _free_before(self, visits: Sequence[Visit]) -> dict[str, datetime | None]:
        """Return when each credential had the free minutes last before its first visit here."""
        first = {visit.credential: visit.opened_at for visit in reversed(visits)}
        found: dict[str, datetime | None] = {}
        for text, opened_at in first.items():
            last = select(func.max(ParkingSession.entered_at)).where(
                ParkingSession.lot_id == self.lot.id,
                ParkingSession.credential == self.credentials[text],
                col(ParkingSession.opened_at) < opened_at,
                col(ParkingSession.free_used),
                col(ParkingSession.superseded_by).is_(None),
            )
            found[text] = (await self.deps.session.exec(last)).one()
        return found

    def _whole(self, case: Case, row: Mapping[str, Any] | None, values: dict[str, Any]) -> dict[str, Any]:
        known = row is not None and row["credential"] == case.credential
        sealed = row["credential_text"] if row and known else None  # sealing the same again would be another text
        return values | {
            "id": case.visit.id,
            "lot_id": self.lot.id,
            "credential_text": sealed or self.deps.keys.cipher.seal(TEXT, case.visit.id, case.visit.credential),
        }

    async def _upsert(self, changed: list[dict[str, Any]]) -> None:
        if changed:
            names = list(changed[0])
            rows = [list(values.values()) for values in sorted(changed, key=lambda values: values["id"])]
            await (await driver(self.deps.session)).executemany(_upsert(tuple(names)), rows)

    async def _supersede(self, gone: Iterable[UUID], of_event: Mapping[UUID, UUID], now: datetime) -> None:
        for row_id in gone:
            values = {"superseded_by": of_event[row_id], "looked_at": None, "review": "", "updated_at": now}
            statement = update(ParkingSession).where(col(ParkingSession.id) == row_id)
            await self.deps.session.exec(statement.values(**values).execution_options(synchronize_session=False))
            send_end(self.deps.session, self.deps.clock, self.lot, row_id)


_TAKEN = """
    UPDATE parking_bay b SET occupied_since = (SELECT s.entered_at FROM parking_session s
        WHERE s.bay_id = b.id AND parking_is_inside(s) = 1 ORDER BY s.opened_at DESC LIMIT 1)
    WHERE b.id = ANY($1::uuid[])
"""


@lru_cache(8)
def _upsert(names: tuple[str, ...]) -> str:
    """Return the statement that writes a session."""
    stays = {"id", "lot_id"}
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    renewed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in stays)
    into = f"INSERT INTO parking_session ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - names of ours
    return f"{into} ON CONFLICT (id) DO UPDATE SET {renewed}"


def _counts(row: Mapping[str, Any], visit: Visit) -> bool:
    """Whether a row's facts are still to be a visit's: it has those of what it has superseded."""
    return row["superseded_by"] != visit.id  # type: ignore[no-any-return]  # two ids


def _same(row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a row has these values; JSON is compared by what it says."""
    return all(row[name] == value for name, value in values.items() if name != "lines") and (
        row["lines"] == msgspec.json.decode(values["lines"])
    )


Fresh = Callable[[], Awaitable[Sequence[GateEvent]]]


async def touched_by(deps: Deps, lot: Lot, moments: Mapping[str, datetime], fresh: Fresh) -> Touched:
    """Gather what may change with events of credentials from these moments on, under the locks of all of it.

    ``fresh`` gives the events that are new, once the locks are held; it may be asked more than once.
    """
    moments = dict(moments)
    while True:  # ends: what there is of a lot is finite, and each turn adds some of it
        connection = await driver(deps.session)
        await lock(connection, lot.id, [index_of(deps.keys, text) for text in moments])
        touched = await _gathered(deps, lot, moments, await fresh())
        needed = await touched.neighbours()
        if not needed:
            await keep(connection)
            return touched
        await give_back(connection)
        moments = _earliest(moments, needed)


async def touched_session(deps: Deps, row: ParkingSession) -> Touched:
    """Gather a session anew: something beside a gate event has changed."""

    async def none() -> Sequence[GateEvent]:
        return ()

    lot = await lot_of(await driver(deps.session), row.lot_id)
    return await touched_by(deps, lot, {track_of(deps, row): row.opened_at}, none)


async def seen_session(deps: Deps, row: ParkingSession) -> Touched:
    """Gather a session only to look at it: without locks, so that nobody who looks makes a gate wait."""
    lot, moments = await lot_of(await driver(deps.session), row.lot_id), {track_of(deps, row): row.opened_at}
    while needed := await (touched := await _gathered(deps, lot, moments, ())).neighbours():
        moments = _earliest(moments, needed)
    return touched


def _earliest(moments: Mapping[str, datetime], needed: Mapping[str, datetime]) -> dict[str, datetime]:
    return dict(moments) | {text: min(moment, moments.get(text, moment)) for text, moment in needed.items()}


def track_of(deps: Deps, row: ParkingSession) -> str:
    """Return whose story a session is part of: its bay's, or that of who went through a gate."""
    if row.bay_id is not None:
        return credential("bay", str(row.bay_id))
    return deps.keys.cipher.open(TEXT, row.id, row.credential_text)


async def _gathered(deps: Deps, lot: Lot, moments: Mapping[str, datetime], fresh: Sequence[GateEvent]) -> Touched:
    bays = {bay: moment for text, moment in moments.items() if (bay := bay_in(text))}
    credentials = {text: index_of(deps.keys, text) for text in moments}
    by_index = {credentials[text]: moment for text, moment in moments.items() if not bay_in(text)}
    connection = await driver(deps.session)
    was = await stored(connection, deps.keys.cipher, lot.id, by_index, bays)
    read = {each.credential for each in (*was.events, *fresh) if each.credential}
    credentials |= {text: index_of(deps.keys, text) for text in read - credentials.keys()}
    touched = Touched(deps, lot, credentials, was, await terms_of(connection, lot, credentials.values()))
    for event in fresh:
        touched.add(event)
    return touched
