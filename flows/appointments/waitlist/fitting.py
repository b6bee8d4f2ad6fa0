"""Whether somebody who waits may and can come at a time: who they are, what else they have, what they have missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.accounts.tables import Account
from auth.assurance import LEVELS, level_of
from flows.appointments.deps import Deps
from flows.appointments.no_shows import SHORT_NOTICE, missed_too_often
from flows.appointments.persons import Person, Visit, busy_in, clash_of, person_of
from flows.appointments.tables import AppointmentService
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
    person = await person_of(deps.session, account.id)
    has_another = select(WaitlistPerson).where(col(WaitlistPerson.person).in_(person), WaitlistPerson.offered)
    if (await deps.session.exec(has_another)).first() is not None:
        return None
    service = times[0].of.service
    if _LEVELS[service.level] > _LEVELS[level_of(account.ial, _AAL)]:
        return None
    span = min(each.free.starts_at for each in times), max(each.ends_at for each in times)
    if (diary := await diary_of(deps, person, service, span)) is None:
        return None
    return next(((each, person) for each in times if diary.allows(each)), None)


class Diary(Struct, frozen=True):
    """When a person cannot come: while they are ``busy``, and not ``until`` or later, for what they have missed."""

    busy: Sequence[tuple[datetime, datetime]]
    until: datetime

    def allows(self, time: Time) -> bool:
        begin, end = time.free.starts_at, time.ends_at
        return begin < self.until and not any(since < end and begin < over for since, over in self.busy)


async def diary_of(
    deps: Deps, person: Person, service: AppointmentService, span: tuple[datetime, datetime]
) -> Diary | None:
    """Return when a person cannot come for a service within a span, read once for however many times it has.

    None: they have the service booked as often as one may.
    """
    connection, now = await driver(deps.session), deps.clock.now()
    if await clash_of(connection, person, Visit(service.code, service.most_active, now, now)) is not None:
        return None
    busy, until = await busy_in(connection, person, span), span[1]
    if service.counts_no_shows and await missed_too_often(connection, [person], until, now) is not None:
        until = now + SHORT_NOTICE + timedelta.resolution  # the last moment that is at short notice is theirs
    return Diary(busy, until)


async def _account(session: AsyncSession, who: Waiting) -> Account | None:
    try:
        return await account_of(session, who.account_id)
    except YiwangError:  # it is closed or frozen
        return None
