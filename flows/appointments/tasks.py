"""The tasks of appointments."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from auth.keys.key_ring import KeyRing, load
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.filling import due, fill
from flows.appointments.finding import booking_of
from flows.appointments.messages import GIVE_BACK, GIVE_UP_ELSEWHERE, BookingElsewhere, BookingNamed
from flows.appointments.overdue import end, overdue
from flows.appointments.states import GIVEN_UP
from flows.appointments.systems.client import Clients, Signer
from flows.appointments.systems.polling import poll_due
from flows.appointments.tables import BookingSystem
from kernel.celery import TaskContext, again_later, consumer, one_by_one, periodic
from kernel.crypto.keys import open_keys
from kernel.networks import parse_networks


@consumer(GIVE_BACK, BookingNamed, given_up=again_later(GIVE_BACK))
async def give_back(session: AsyncSession, context: TaskContext, named: BookingNamed) -> None:
    """Give the places of a booking back that was given up a while ago."""
    row = await booking_of(session, named.booking_id, lock=True)
    await come_back(Deps(session, context.clock), row)


@consumer(GIVE_UP_ELSEWHERE, BookingElsewhere, given_up=again_later(GIVE_UP_ELSEWHERE))
async def give_up_elsewhere(session: AsyncSession, context: TaskContext, named: BookingElsewhere) -> None:
    """Have a department's system give up what does not stand here: it was cancelled, moved, or never came about."""
    row = await session.get(Booking, named.booking_id)
    system = await session.get(BookingSystem, named.system)
    if system is None or system.closed_at is not None or (row is not None and row.state not in GIVEN_UP):
        return
    ring = await load(session, open_keys(context.settings).cipher, context.clock)
    await _clients(context, ring).of(system).give_up(named.booking_id)


@periodic("appointments.systems", timedelta(seconds=2))
async def follow_systems(context: TaskContext) -> None:
    """Ask the departments' own booking systems what has changed."""
    async with context.database.snapshot() as session:
        used = select(BookingSystem.code).where(col(BookingSystem.closed_at).is_(None))
        if (await session.exec(used.limit(1))).first() is None:
            return
        ring = await load(session, open_keys(context.settings).cipher, context.clock)
    await poll_due(context.database, context.clock, _clients(context, ring))


@periodic("appointments.fill", timedelta(minutes=10))
async def fill_ahead(context: TaskContext) -> None:
    """Write the slots of days that are released next: of each resource in a transaction of its own."""
    async with context.database.snapshot() as session:
        resources = await due(session, context.clock)
    await one_by_one(context, resources, lambda session, each: _filled(session, context, each))


@periodic("appointments.look", timedelta(minutes=10))
async def look(context: TaskContext) -> None:
    """End what is over."""
    bookings = await overdue(context.database, context.clock)
    await one_by_one(context, bookings, lambda session, each: end(session, context.clock, each))


async def _filled(session: AsyncSession, context: TaskContext, resource_id: UUID) -> None:
    await fill(session, context.clock, [resource_id])


def _clients(context: TaskContext, ring: KeyRing) -> Clients:
    signer = Signer(issuer(context.settings), context.clock, lambda: ring)
    return Clients(signer, parse_networks(context.settings.upstream_networks))
