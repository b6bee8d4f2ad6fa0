"""The tasks of appointments."""

from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.filling import due, fill
from flows.appointments.finding import booking_of
from flows.appointments.hall import closing
from flows.appointments.messages import GIVE_BACK, NOTICE, BookingNamed
from flows.appointments.notice_tables import AppointmentNotice
from flows.appointments.overdue import end, overdue
from flows.appointments.reminding import find_forgotten, remind, to_remind
from flows.appointments.telling import tell
from flows.appointments.waitlist.extending import offer_rolled_over, offering_new_hours
from flows.appointments.waitlist.offering import in_turn, offer_returned
from flows.appointments.waitlist.passing_on import due as due_entries
from flows.appointments.waitlist.passing_on import pass_on
from flows.notices.messages import NoticeNamed
from flows.notices.telling import gives_up
from kernel.celery import TaskContext, again_later, consumer, one_by_one, periodic
from kernel.crypto.keys import open_keys


@consumer(GIVE_BACK, BookingNamed, given_up=again_later(GIVE_BACK))
async def give_back(session: AsyncSession, context: TaskContext, named: BookingNamed) -> None:
    """Give the places of a booking back that was given up a while ago: to who waits for them, or to everybody."""
    deps = Deps(session, context.clock)
    await in_turn(session)
    row = await booking_of(session, named.booking_id, lock=True)
    if await come_back(deps, row):
        await offer_returned(deps, row)


@consumer(NOTICE, NoticeNamed, given_up=gives_up(AppointmentNotice))
async def notice(session: AsyncSession, context: TaskContext, named: NoticeNamed) -> None:
    """Tell somebody a notice."""
    cipher = open_keys(context.settings).cipher
    await tell(Deps(session, context.clock), cipher, context.opened(OpenApps), named.notice_id)


@periodic("appointments.fill", timedelta(minutes=10))
async def fill_ahead(context: TaskContext) -> None:
    """Write the slots of days that are released next: of each resource in a transaction of its own."""
    async with context.database.snapshot() as session:
        resources = await due(session, context.clock)
    await one_by_one(context, resources, lambda session, each: _filled(session, context, each))


@periodic("appointments.remind", timedelta(minutes=1))
async def remind_due(context: TaskContext) -> None:
    """Remind people of what is to come."""
    bookings = await to_remind(context.database, context.clock)
    await one_by_one(context, bookings, lambda session, each: remind(Deps(session, context.clock), each))


@periodic("appointments.look", timedelta(minutes=10))
async def look(context: TaskContext) -> None:
    """End what is over, and find whom nobody would remind."""
    bookings = await overdue(context.database, context.clock)
    await one_by_one(context, bookings, lambda session, each: end(session, context.clock, each))
    async with context.database.session() as session:
        await find_forgotten(session, context.clock)


@periodic("appointments.halls", timedelta(minutes=1))
async def halls(context: TaskContext) -> None:
    """Have time pass in halls: who does not come when called is missed, and a day ends."""
    counters = await closing.left_open(context.database, context.clock)
    await one_by_one(context, counters, lambda session, each: closing.close_forgotten(session, context.clock, *each))
    bookings = await closing.due(context.database, context.clock)
    await one_by_one(context, bookings, lambda session, each: closing.move_on(session, context.clock, each))


@periodic("appointments.waitlist", timedelta(minutes=1))
async def pass_offers_on(context: TaskContext) -> None:
    """End offers that are over, and have their places go to the next; and those that other channels have no more."""
    entries = await due_entries(context.database, context.clock)
    await one_by_one(context, entries, lambda session, each: pass_on(session, context.clock, each))
    async with context.database.session() as session:
        await offer_rolled_over(session, context.clock)


async def _filled(session: AsyncSession, context: TaskContext, resource_id: UUID) -> None:
    async with offering_new_hours(session, context.clock):
        await fill(session, context.clock, [resource_id])
