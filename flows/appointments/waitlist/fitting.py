"""Whether somebody who waits may and can come at a time: who they are, what else they have, what they have missed."""

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.accounts.tables import Account
from auth.assurance import LEVELS, level_of
from flows.appointments.deps import Deps
from flows.appointments.no_shows import missed_too_often
from flows.appointments.persons import Person, Visit, clash_of, person_of
from flows.appointments.waitlist.places import Places, Time
from flows.appointments.waitlist.tables import WaitlistPerson
from flows.appointments.waitlist.waiting import Waiting
from kernel.database import driver
from kernel.errors import YiwangError

_LEVELS = {str(level): number for number, level in enumerate(LEVELS)}
_AAL = 3  # how sure the session is, is asked of the one that confirms


async def first_fitting(deps: Deps, who: Waiting, places: Places) -> tuple[Time, Person] | None:
    """Return the first time of some places at which somebody who waits may and can come, and which person that is.

    The dearest office's come first.
    """
    times = [
        each
        for office in who.offices
        for each in await places.times(who.service, office, who.people)
        if any(window.has(each.free.starts_at, each.ends_at, each.of.office.time_zone) for window in who.windows)
    ]
    if not times or (account := await _account(deps.session, who)) is None:
        return None
    connection, person = await driver(deps.session), await person_of(deps.session, account.id)
    has_another = select(WaitlistPerson).where(col(WaitlistPerson.person).in_(person), WaitlistPerson.offered)
    if (await deps.session.exec(has_another)).first() is not None:
        return None
    known = _LEVELS[level_of(account.ial, _AAL)]
    for time in times:
        if _LEVELS[time.of.service.level] <= known and await can_come(deps, connection, person, time):
            return time, person
    return None


async def can_come(deps: Deps, connection: "asyncpg.Connection[asyncpg.Record]", person: Person, time: Time) -> bool:
    """Whether a person has nothing else at a time and has not missed too much for it."""
    service, starts_at = time.of.service, time.free.starts_at
    visit = Visit(service.code, service.most_active, starts_at, time.ends_at)
    if await clash_of(connection, person, visit) is not None:
        return False
    if not service.counts_no_shows:
        return True
    return await missed_too_often(connection, [person], starts_at, deps.clock.now()) is None


async def _account(session: AsyncSession, who: Waiting) -> Account | None:
    try:
        return await account_of(session, who.account_id)
    except YiwangError:  # it is closed or frozen
        return None
