"""The tasks of departments' own booking systems."""

from datetime import timedelta

from msgspec import Raw
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from auth.keys.key_ring import KeyRing, load
from flows.appointments.booking_tables import Booking
from flows.appointments.messages import GIVE_UP_ELSEWHERE, SLOTS_ELSEWHERE, BookingElsewhere
from flows.appointments.states import GIVEN_UP
from flows.appointments.systems.client import Clients, Signer
from flows.appointments.systems.mirroring import put, resources_of, together
from flows.appointments.systems.polling import poll_due
from flows.appointments.systems.wire import Told
from flows.appointments.tables import BookingSystem
from flows.appointments.waitlist.offering import in_turn
from kernel.celery import TaskContext, again_later, consumer, periodic
from kernel.crypto.keys import open_keys
from kernel.networks import parse_networks


@consumer(GIVE_UP_ELSEWHERE, BookingElsewhere, given_up=again_later(GIVE_UP_ELSEWHERE))
async def give_up_elsewhere(session: AsyncSession, context: TaskContext, named: BookingElsewhere) -> None:
    """Have a department's system give up what does not stand here: it was cancelled, moved, or never came about."""
    row = await session.get(Booking, named.booking_id)
    system = await session.get(BookingSystem, named.system)
    if system is None or system.closed_at is not None or (row is not None and row.state not in GIVEN_UP):
        return
    await (await _clients(session, context)).of(system).give_up(named.booking_id)


@consumer(SLOTS_ELSEWHERE, Told, given_up=again_later(SLOTS_ELSEWHERE))
async def slots_elsewhere(session: AsyncSession, context: TaskContext, told: Told) -> None:
    """Take over how a system's slots stand, and have it asked at once: what it has said may be less than all."""
    await in_turn(session)  # before the row, as loading
    resources = await resources_of(session, told.system)
    read = resources.read([Raw(each.encode()) for each in told.slots], "slots")
    row = await session.get_one(BookingSystem, told.system, with_for_update={"key_share": True})
    row.due_at = None
    row.findings = together(read.findings, row.findings)
    session.add(row)
    await put(session, context.clock, resources, read.slots)


@periodic("appointments.systems", timedelta(seconds=2))
async def follow_systems(context: TaskContext) -> None:
    """Ask the departments' own booking systems what has changed."""
    async with context.database.snapshot() as session:
        used = select(BookingSystem.code).where(col(BookingSystem.closed_at).is_(None))
        if (await session.exec(used.limit(1))).first() is None:
            return
        clients = await _clients(session, context)
    await poll_due(context.database, context.clock, clients)


async def _clients(session: AsyncSession, context: TaskContext) -> Clients:
    ring: KeyRing = await load(session, open_keys(context.settings).cipher, context.clock)
    signer = Signer(issuer(context.settings), context.clock, lambda: ring)
    return Clients(signer, parse_networks(context.settings.upstream_networks))
