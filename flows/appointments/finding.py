"""Reading what others here decide by: services, offices, free times, bookings. Raises what is not there."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.accounts.tables import Account
from flows.appointments.booking_tables import Booking
from flows.appointments.errors import NotBookableError, UnknownBookingError, UnknownServiceError
from flows.appointments.papers.tables import CasePapers
from flows.appointments.tables import (
    CHANNELS,
    AppointmentOffice,
    AppointmentResource,
    AppointmentSchedule,
    AppointmentService,
    Channel,
)
from flows.appointments.taking import ROLL_OVER
from flows.appointments.windows import released_until, soonest
from kernel.clock import Clock
from kernel.database import driver

# A time is free where as many slots as it needs follow each other without a gap, each with a place left, and where the
# buffer behind it, as far as the resource serves anybody then, is free as well.
_FREE = """
    WITH slot AS (
        SELECT s.resource_id, r.system, s.starts_at, s.ends_at, s.id, $2 = ANY (h.services) AS serves,
            s.starts_at + ceil($6::numeric / r.slot_minutes) * r.slot_minutes * interval '1 minute' AS over,
            s.starts_at + ceil(($6 + r.buffer_minutes)::numeric / r.slot_minutes) * r.slot_minutes * interval '1 minute'
                AS free_again,
            ceil($6::numeric / r.slot_minutes) AS needed,
            CASE WHEN s.id = ANY ($10::bigint[]) THEN 1
                WHEN s.starts_at <= $7 THEN s.capacity - s.taken
                ELSE least(s.capacity - s.taken, s.quota[$8] - s.used[$8]) END AS places
        FROM appointment_slot s
            JOIN appointment_resource r ON r.id = s.resource_id AND r.closed_at IS NULL
            JOIN appointment_schedule h ON h.id = s.schedule_id
        WHERE r.office = $1 AND s.status = 'open'
            AND s.starts_at >= $3::timestamptz AND s.starts_at < $4::timestamptz + interval '1 day'
    )
    SELECT f.starts_at, f.resource_id, f.system, array_agg(n.id ORDER BY n.starts_at) AS slots,
        array_agg(n.places ORDER BY n.starts_at) AS places
    FROM slot f JOIN slot n ON n.resource_id = f.resource_id
        AND n.starts_at >= f.starts_at AND n.starts_at < f.free_again
        AND (n.serves OR n.starts_at >= f.over)
    WHERE f.serves AND ($9 OR f.places > 0)
        AND f.starts_at < $4::timestamptz AND ($5::timestamptz IS NULL OR f.starts_at = $5)
    GROUP BY f.resource_id, f.system, f.starts_at, f.needed, f.over
    HAVING count(*) FILTER (WHERE n.starts_at < f.over) = f.needed
        AND max(n.ends_at) FILTER (WHERE n.starts_at < f.over) = f.over AND ($9 OR bool_and(n.places > 0))
    ORDER BY f.starts_at, min(n.places) DESC
"""


class Free(Struct, frozen=True):
    """A resource serves at a time, in these slots; ``left``: how many places each of them has."""

    starts_at: datetime
    resource_id: UUID
    slot_ids: tuple[int, ...]
    left: tuple[int, ...]
    system: str = ""  # the department's own, which has this time

    @property
    def places(self) -> int:
        return min(self.left)


class Asked(Struct, frozen=True):
    """Times of a service at an office for so many people, booked through a channel.

    ``own``: the slots of a booking that is to be moved, whose places are free to it.
    """

    service: AppointmentService
    office: AppointmentOffice
    people: int = 1
    channel: Channel = "public"
    own: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, str, int, Channel, tuple[int, ...]]:
        return self.service.code, self.office.code, self.people, self.channel, self.own

    def moving(self, row: Booking) -> "Asked":
        """Return the same for whoever moves a booking."""
        keeps = row.channel == self.channel and row.returned_at is None
        return replace(self, own=tuple(row.slot_ids) if keeps else ())

    @property
    def minutes(self) -> int:
        return self.service.minutes + self.service.further_minutes * (self.people - 1)

    def day_of(self, at: datetime) -> date:
        """The office's day."""
        return at.astimezone(ZoneInfo(self.office.time_zone)).date()

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """When the office's day begins and ends."""
        zone = ZoneInfo(self.office.time_zone)
        return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


async def service_of(session: AsyncSession, code: str, people: int = 1) -> AppointmentService:
    """Return a service that takes appointments of so many people. Raises UnknownServiceError, NotBookableError."""
    row = await session.get(AppointmentService, code)
    if row is None or row.closed_at is not None:
        raise UnknownServiceError(f"No service {code!r} takes appointments", fix="`appointmentServices` lists them.")
    if not 1 <= people <= row.people:
        raise NotBookableError(f"{code} is for 1 to {row.people} people", fix="Make several appointments.")
    return row


async def services_of(session: AsyncSession, office: str = "") -> Sequence[AppointmentService]:
    """Return the services that take appointments, or those of an office, by their codes."""
    chosen = select(AppointmentService).where(col(AppointmentService.closed_at).is_(None))
    if office:
        served = (
            select(func.unnest(AppointmentSchedule.services))
            .join(AppointmentResource, col(AppointmentResource.id) == col(AppointmentSchedule.resource_id))
            .where(AppointmentResource.office == office, col(AppointmentSchedule.ended_at).is_(None))
        )
        chosen = chosen.where(col(AppointmentService.code).in_(served))
    return (await session.exec(chosen.order_by(AppointmentService.code))).all()


async def offices_for(session: AsyncSession, service: str) -> Sequence[str]:
    """Return the codes of the offices that serve a service."""
    served = (
        select(AppointmentOffice.code)
        .distinct()
        .join(AppointmentResource, col(AppointmentResource.office) == col(AppointmentOffice.code))
        .join(AppointmentSchedule, col(AppointmentSchedule.resource_id) == col(AppointmentResource.id))
        .where(
            col(AppointmentSchedule.services).contains([service]),
            col(AppointmentSchedule.ended_at).is_(None),
            col(AppointmentResource.closed_at).is_(None),
            col(AppointmentOffice.closed_at).is_(None),
        )
    )
    return (await session.exec(served)).all()


async def asked(
    session: AsyncSession, service: str, office: str, people: int = 1, channel: Channel = "public"
) -> Asked:
    """Return what is asked for. Raises UnknownServiceError."""
    of = await service_of(session, service, people)
    at = await session.get(AppointmentOffice, office)
    if at is None or at.closed_at is not None:
        raise UnknownServiceError(f"There is no office {office!r}", fix="`appointmentOffices` lists them.")
    return Asked(of, at, people, channel)


async def asked_of(session: AsyncSession, row: Booking) -> Asked:
    """Return what a booking is of, also where nothing is booked any more."""
    service = await session.get_one(AppointmentService, row.service)
    return Asked(service, await session.get_one(AppointmentOffice, row.office), row.people, row.channel)


async def free_times(session: AsyncSession, clock: Clock, wanted: Asked, span: tuple[datetime, datetime]) -> list[Free]:
    """Return the free times that begin in a span and can be booked now; of one time most places first."""
    return await _times(session, clock, wanted, span)


async def times_at(session: AsyncSession, clock: Clock, wanted: Asked, starts_at: datetime) -> list[Free]:
    """Return the resources that serve at a time, also those that are full, most places first."""
    return await _times(session, clock, wanted, (starts_at, starts_at + timedelta(minutes=1)), starts_at)


async def _times(
    session: AsyncSession,
    clock: Clock,
    wanted: Asked,
    span: tuple[datetime, datetime],
    exactly: datetime | None = None,
) -> list[Free]:
    now = clock.now()
    begin = max(span[0], soonest(wanted.service, now))
    end = min(span[1], released_until(wanted.service, now, wanted.office.time_zone))
    if end <= begin:
        return []
    connection = await driver(session)
    rows = await connection.fetch(
        _FREE,
        wanted.office.code,
        wanted.service.code,
        begin,
        end,
        exactly,
        wanted.minutes,
        now + ROLL_OVER,
        CHANNELS.index(wanted.channel) + 1,
        exactly is not None,
        wanted.own,
    )
    return [
        Free(
            row["starts_at"],
            UUID(int=row["resource_id"].int),
            tuple(row["slots"]),
            tuple(row["places"]),
            row["system"] or "",
        )
        for row in rows
    ]


async def next_free(
    session: AsyncSession, clock: Clock, wanted: Asked, after: datetime, most: int = 3
) -> list[datetime]:
    """Return the next times that are free after one; read day by day, for most often one is enough."""
    begin, found = max(after, clock.now()), set[datetime]()
    for _ in range(wanted.service.days + 1):
        end = begin + timedelta(days=1)
        found |= {each.starts_at for each in await free_times(session, clock, wanted, (begin, end))} - {after}
        if len(found) >= most:
            break
        begin = end
    return sorted(found)[:most]


async def booking_of(session: AsyncSession, booking_id: UUID, *, lock: bool = False) -> Booking:
    """Return a booking. Raises UnknownBookingError."""
    row = await session.get(Booking, booking_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise UnknownBookingError("There is no such appointment", fix="Compare its id.")
    return row


async def own_booking(session: AsyncSession, account_id: UUID, booking_id: UUID, *, lock: bool = False) -> Booking:
    """Return a booking that an account has made. Raises UnknownBookingError."""
    row = await booking_of(session, booking_id, lock=lock)
    mine = select(Booking.id).where(Booking.id == booking_id, await theirs(session, account_id))
    if (await session.exec(mine)).first() is None:
        raise UnknownBookingError("There is no such appointment", fix="`bookings` lists yours.")
    return row


async def bookings_of(session: AsyncSession, account_id: UUID, first: int) -> Sequence[Booking]:
    """Return what an account has booked, the latest first."""
    mine = select(Booking).where(await theirs(session, account_id))
    return (await session.exec(mine.order_by(col(Booking.id).desc()).limit(first))).all()


async def theirs(session: AsyncSession, account_id: UUID) -> ColumnElement[bool]:
    """The condition that a booking is an account's: made by it, or by staff for the ID number that it has proven."""
    of = select(CasePapers.case_id).join(Account, col(Account.id_number_index) == col(CasePapers.person))
    proven = col(Booking.uid).in_(of.where(Account.id == account_id))
    parts = await parts_of(session, account_id)
    return col(Booking.account_id).in_(parts) | (col(Booking.account_id).is_(None) & proven)
