"""What staff do for somebody: book, move, cancel, answer, note, excuse. Their door is noted with each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments import ending, holding
from flows.appointments.booking import Comer, confirm
from flows.appointments.booking_tables import Booking
from flows.appointments.cases.doors import Door
from flows.appointments.cases.looking_up import case_of
from flows.appointments.deps import Deps
from flows.appointments.errors import NotBookableError, UnknownBookingError
from flows.appointments.finding import Asked, asked
from flows.appointments.history import noted
from flows.appointments.holding import Desk, Hold
from flows.appointments.no_shows import excuse
from flows.appointments.papers import keeping
from flows.appointments.papers.keeping import Bearer
from flows.appointments.papers.tables import CaseNote
from flows.appointments.persons import Person, account_by_index, index_of, person_by_number, person_of
from flows.appointments.rights import right_for
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.keys import Keys


class Wanted(Struct, frozen=True):
    """A time that staff hold for somebody."""

    service: str
    office: str
    starts_at: datetime
    people: int = 1


class Caller(Struct, frozen=True):
    """For whom: by their ID number, exactly. What an account knows of them is not asked, and not kept twice."""

    id_number: str
    name: str = ""
    phone: str = ""


class Served(Struct, frozen=True):
    """One transaction at a door."""

    session: AsyncSession
    desk: Desk
    keys: Keys
    door: Door

    @property
    def deps(self) -> Deps:
        return Deps(self.session, self.desk.clock)

    async def case(self, case_id: UUID) -> Booking:
        """Return a case, locked. Raises UnknownBookingError."""
        return await case_of(self.session, self.door, case_id, lock=True)

    def holder(self, whom: str | UUID) -> str:
        """Return whose a hold is: this credential's, for this ID number or this case alone. Raises IdNumberError."""
        who = str(whom) if isinstance(whom, UUID) else index_of(self.keys, whom).hex()
        return f"{self.door.actor} {who}"

    def opened(self, whom: str | UUID, hold: str) -> Hold:
        """Return what is held. Raises HoldRefusedError, IdNumberError."""
        return holding.opened(self.desk.cipher, self.holder(whom), hold)


class Sought(Struct, frozen=True):
    """What is to be held, as it was read: to hold it takes connections of its own, so that comes after."""

    holder: str
    of: Asked
    starts_at: datetime
    right: UUID | None = None  # to book before others


async def sought(served: Served, whom: str | UUID, wanted: Wanted) -> Sought:
    """Look up what is to be held for an ID number, or for the case that is to be moved.

    Raises UnknownServiceError, UnknownBookingError, NotBookableError, IdNumberError.
    """
    session, door = served.session, served.door
    door.check_books_at(wanted.office)
    of = await asked(session, wanted.service, wanted.office, wanted.people, door.channel)
    if isinstance(whom, UUID):
        of = of.moving(await case_of(session, door, whom))
        return Sought(served.holder(whom), of, wanted.starts_at)
    person = await person_by_number(session, served.keys, whom)
    right = await right_for(served.deps, await account_by_index(session, person[0]), person, wanted.service)
    return Sought(served.holder(whom), of, wanted.starts_at, right)


async def hold_for(desk: Desk, what: Sought) -> Hold:
    """Hold it, in no transaction; of each holder one is held at a time. A right to book before others is used.

    Raises NotBookableError, TakenError.
    """
    wanted = what.holder, what.of, what.starts_at, what.right
    return await holding.hold_by_right(desk, *wanted) or await holding.hold(desk, *wanted)


async def book(
    served: Served, made: Hold, whom: Caller, answers: Mapping[str, str], companions: Sequence[str] = ()
) -> Booking:
    """Book what is held for an ID number: for its account, if one has proven it. The same hold again is the same case.

    Raises as ``booking.confirm``.
    """
    session, keys = served.session, served.keys
    if len(companions) >= made.people:
        raise NotBookableError(f"{made.people} people come, the first one included", fix="Name the others alone.")
    persons = [await person_by_number(session, keys, each) for each in (whom.id_number, *companions)]
    index = persons[0][0]
    account_id = await account_by_index(session, index)
    bearer = None if account_id else Bearer(index, normal_id_number(whom.id_number), whom.name, whom.phone)
    comer = Comer(served.door.actor, account_id, persons, answers, bearer, _noting(served))
    return await confirm(served.desk, session, made, comer)


async def move(served: Served, case_id: UUID, made: Hold, reason: str) -> Booking:
    """Move a case to what is held for it, also after its person's cut-off. Raises as ``booking.confirm``."""
    session = served.session
    row = await served.case(case_id)
    known = (await session.exec(select(Booking).where(Booking.hold_id == made.id))).first()
    if known is not None:  # sent twice
        return known
    person = await _person(served, row)
    comer = Comer(served.door.actor, row.account_id, [person], details=_noting(served, reason=reason))
    return await confirm(served.desk, session, made, comer, row)


async def cancel(served: Served, case_id: UUID, reason: str) -> Booking:
    """Cancel a case, also after its person's cut-off. Raises TooLateError, WrongStateError."""
    row = await served.case(case_id)
    if row.state != "cancelled":
        await ending.cancel(served.deps, row, served.door.actor, **_noting(served, reason=reason))
    return row


async def answer(served: Served, case_id: UUID, answers: Mapping[str, str]) -> Booking:
    """Keep what somebody answered here. Raises AnswerRefusedError."""
    row = await served.case(case_id)
    if changed := await keeping.keep(served.session, served.desk.cipher, row, answers):
        noted(served.session, served.desk.clock, row, "answer", served.door.actor, questions=changed, **_noting(served))
    return row


async def note(served: Served, case_id: UUID, note_id: UUID, text: str) -> Booking:
    """Note something about a case, once however often it is sent. Raises UnknownBookingError."""
    session, clock, door = served.session, served.desk.clock, served.door
    row = await served.case(case_id)
    known = await session.get(CaseNote, note_id)
    if known is not None and known.case_id != case_id:
        raise UnknownBookingError("This is a note of another case", fix="Choose a new id for each note.")
    if known is None:
        sealed = keeping.sealed_note(served.desk.cipher, note_id, text)
        session.add(
            CaseNote(id=note_id, case_id=case_id, actor=door.actor, door=door.name, at=clock.now(), text=sealed)
        )
        noted(session, clock, row, "note", door.actor, note=str(note_id), **_noting(served))
    return row


async def excuse_for(served: Served, case_id: UUID, reason: str) -> Booking:
    """Excuse that nobody came. Raises WrongStateError."""
    row = await served.case(case_id)
    excuse(served.session, served.desk.clock, row, served.door.actor, **_noting(served, reason=reason))
    return row


async def _person(served: Served, row: Booking) -> Person:
    if row.account_id is not None:
        return await person_of(served.session, row.account_id)
    bearer = (await keeping.papers_of(served.session, served.desk.cipher, row.uid)).bearer
    if bearer is None:
        raise UnknownBookingError("Nobody knows whose case this is", fix="Book a new one, and cancel this.")
    return await person_by_number(served.session, served.keys, bearer.id_number)


def _noting(served: Served, **more: str) -> dict[str, str]:
    return {"door": served.door.name, **more}
