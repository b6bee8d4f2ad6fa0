"""What appointments hold about a resident: to read and take along (PIPL article 45), and to erase (article 47).

Erased is by what persons are told apart, what they answered and what was noted; what is still to come is given up.
That a time was booked stays with the account, which nobody is known by any more, as does an entry of a draw: without it
nobody could recompute that.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete
from sqlmodel import col, select

from auth.accounts.merging import parts_of
from auth.residents.holdings import plain_row
from flows.appointments.booking_tables import Booking, BookingEvent, BookingPerson
from flows.appointments.deps import Deps
from flows.appointments.draw.tables import DrawEntry
from flows.appointments.ending import let_rest
from flows.appointments.finding import theirs
from flows.appointments.hall.holdings import leave_halls
from flows.appointments.history import happen
from flows.appointments.notice_tables import AppointmentNotice
from flows.appointments.notices import notify_everybody
from flows.appointments.papers import keeping
from flows.appointments.papers.tables import CaseNote, CasePapers
from flows.appointments.persons import lock, person_of
from flows.appointments.right_tables import BookingRight
from flows.appointments.waitlist import entries
from flows.appointments.waitlist.entries import OPEN
from flows.appointments.waitlist.offering import in_turn
from flows.appointments.waitlist.tables import WaitlistEntry, WaitlistEvent
from kernel.crypto.fields import FieldCipher
from kernel.database import driver

_HIDDEN = {"account_id", "slot_ids", "hold_id", "resource_id"}


async def appointments_held(deps: Deps, cipher: FieldCipher, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, of accounts that became part of this one too; what is sealed is opened."""
    session, parts = deps.session, await parts_of(deps.session, account_id)
    bookings = (await session.exec(select(Booking).where(await theirs(session, account_id)))).all()
    cases = {each.uid for each in bookings}
    papers = (await session.exec(select(CasePapers).where(col(CasePapers.case_id).in_(cases)))).all()
    notes = (await session.exec(select(CaseNote).where(col(CaseNote.case_id).in_(cases)))).all()
    events = select(BookingEvent).where(col(BookingEvent.booking_id).in_([each.id for each in bookings]))
    by_phone = col(AppointmentNotice.account_id).is_(None) & col(AppointmentNotice.about).in_(
        [each.id for each in bookings]
    )
    notices = select(AppointmentNotice).where(col(AppointmentNotice.account_id).in_(parts) | by_phone)
    draws = select(DrawEntry).where(col(DrawEntry.account_id).in_(parts))
    rights = select(BookingRight).where(col(BookingRight.account_id).in_(parts))
    waiting = (await session.exec(select(WaitlistEntry).where(col(WaitlistEntry.account_id).in_(parts)))).all()
    waited = select(WaitlistEvent).where(col(WaitlistEvent.entry_id).in_([each.id for each in waiting]))
    return {
        "bookings": [plain_row(row, _HIDDEN) for row in bookings],
        "events": [plain_row(row, {"actor"}) for row in (await session.exec(events)).all()],
        "papers": [{"case_id": str(row.case_id)} | msgspec.to_builtins(keeping.opened(cipher, row)) for row in papers],
        "notes": [plain_row(row, {"actor"}) | {"text": keeping.note_text(cipher, row)} for row in notes],
        "notices": [plain_row(row, _HIDDEN) for row in (await session.exec(notices)).all()],
        "rights": [plain_row(row, _HIDDEN) for row in (await session.exec(rights)).all()],
        "draws": [plain_row(row, _HIDDEN) for row in (await session.exec(draws)).all()],
        "waitlist": [plain_row(row, _HIDDEN) for row in waiting],
        "waitlist_events": [plain_row(row, {"actor"}) for row in (await session.exec(waited)).all()],
    }


async def erase_appointments(deps: Deps, account_id: UUID) -> None:
    """Give up what is to come, leave halls and the waitlist, and forget by what its persons were told apart."""
    session, parts = deps.session, await parts_of(deps.session, account_id)
    await in_turn(session)  # or else who offers has slots and wants our entry, for which who confirms has our person
    await leave_halls(deps, account_id)
    mine = select(Booking).where(await theirs(session, account_id)).order_by(col(Booking.id)).with_for_update()
    open_ = select(WaitlistEntry).where(col(WaitlistEntry.account_id).in_(parts), col(WaitlistEntry.state).in_(OPEN))
    waiting = open_.order_by(col(WaitlistEntry.id)).with_for_update()
    person = await person_of(session, account_id)
    for each in (mine, waiting):
        await session.exec(each)
    await lock(await driver(session), [person])
    rows = (await session.exec(mine)).all()  # one was being booked, perhaps, until the person was ours
    for row in rows:
        if row.state in ("confirmed", "conflict"):
            await happen(session, deps.clock, row, "cancel", f"account:{account_id}")
            row.sequence += 1
            await notify_everybody(deps, row, "cancelled", f"account:{account_id}")
            await let_rest(deps, row)
    named = col(BookingPerson.person).in_(person)  # also in what others have booked
    own = col(BookingPerson.booking_id).in_([row.id for row in rows])
    await session.exec(delete(BookingPerson).where(own | named))
    for table in (CasePapers, CaseNote):
        await session.exec(delete(table).where(col(table.case_id).in_([row.uid for row in rows])))
    for entry in (await session.exec(waiting)).all():
        await entries.happen(deps, entry, "leave", f"account:{account_id}")
