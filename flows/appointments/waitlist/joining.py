"""Joining the waitlist, and leaving it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownBookingError, UnknownServiceError, WaitlistRefusedError
from flows.appointments.finding import Asked, asked, services_of
from flows.appointments.persons import check_open, lock, person_of
from flows.appointments.waitlist.entries import CHANNEL, OPEN, entry_of, happen, windows_of
from flows.appointments.waitlist.fitting import diary_of
from flows.appointments.waitlist.free_already import check_none_free
from flows.appointments.waitlist.tables import WaitlistEntry, WaitlistEvent, WaitlistPerson
from flows.appointments.waitlist.wishes import Window, check_windows, over_at
from kernel.database import driver

MOST = 3
"""So many services a person waits for at a time."""
MOST_OFFICES = 10


class Wish(Struct, frozen=True):
    """A service for so many people, at one of ``offices`` (the dearest first), within one of ``windows``."""

    service: str
    offices: Sequence[str]
    windows: Sequence[Window]
    people: int = 1


async def join(deps: Deps, account_id: UUID, wish: Wish) -> WaitlistEntry:
    """Have an account wait; for the same again it is the same entry.

    Raises WaitlistRefusedError, WaitlistNeedlessError, UnknownServiceError, NotBookableError.
    """
    session, now = deps.session, deps.clock.now()
    wanted = await _checked(session, wish, now)
    person = await person_of(session, account_id)
    told_by = await lock(await driver(session), [person])
    await check_open(session, account_id)
    theirs = select(WaitlistPerson.entry_id).where(col(WaitlistPerson.person).in_(told_by))
    waiting = select(WaitlistEntry).where(col(WaitlistEntry.state).in_(OPEN), col(WaitlistEntry.id).in_(theirs))
    others = (await session.exec(waiting)).all()
    if (same := next((each for each in others if each.service == wish.service), None)) is not None:
        if (same.offices, windows_of(same), same.people) == (list(wish.offices), list(wish.windows), wish.people):
            return same
        raise WaitlistRefusedError("You wait for this service already", fix="`leaveWaitlist` first, then join anew.")
    if len(others) >= MOST:
        raise WaitlistRefusedError(f"You wait for {len(others)} services", fix="Leave one of those lists.")
    until = max(over_at(wish.windows, of.office.time_zone) for of in wanted)
    if (diary := await diary_of(deps, person, wanted[0].service, (now, until))) is None:
        raise WaitlistRefusedError(
            "You have this service booked as often as one may", fix="Move or cancel what you have, if there is better."
        )
    await check_none_free(deps, wanted, wish.windows, diary)
    row = WaitlistEntry(
        account_id=account_id,
        service=wish.service,
        offices=list(wish.offices),
        windows=msgspec.to_builtins(wish.windows),
        people=wish.people,
        joined_at=now,
        until=until,
    )
    session.add(row)
    await session.flush()
    session.add(WaitlistEvent(entry_id=row.id, event="join", state=row.state, actor=f"account:{account_id}", at=now))
    session.add_all([WaitlistPerson(entry_id=row.id, person=each) for each in told_by])
    return row


async def leave(deps: Deps, account_id: UUID, entry_id: UUID) -> WaitlistEntry:
    """Have an account wait no more; what was offered to it is declined by that.

    Its places go to the next within a minute (``passing_on``). Raises UnknownBookingError, WrongStateError.
    """
    row = await entry_of(deps.session, entry_id, lock=True)
    if row.account_id not in await parts_of(deps.session, account_id):
        raise UnknownBookingError("Nobody waits by this id", fix="`myAppointments { waitlist }` lists yours.")
    if row.state != "left":
        await happen(deps, row, "leave", f"account:{account_id}")
    return row


async def _checked(session: AsyncSession, wish: Wish, now: datetime) -> list[Asked]:
    """Return what is wished at each office, if it can be waited for. Raises as ``join``."""
    if not 1 <= len(wish.offices) <= MOST_OFFICES or len(set(wish.offices)) < len(wish.offices):
        raise WaitlistRefusedError("The offices are none, too many or twice", fix=f"Name 1 to {MOST_OFFICES}.")
    wanted = []
    for office in wish.offices:
        of = await asked(session, wish.service, office, wish.people, CHANNEL)
        if wish.service not in [each.code for each in await services_of(session, office)]:
            raise UnknownServiceError(
                f"{office} does not serve {wish.service}", fix="`appointmentServices(office:)` lists what it does."
            )
        check_windows(wish.windows, of.day_of(now))
        wanted.append(of)
    return wanted
