"""What residents do about appointments: hold a time, confirm, move, cancel, and look at their own."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt_if_counted
from auth.sessions.tables import Session
from flows.appointments import ending, holding
from flows.appointments.booking import Comer
from flows.appointments.booking_tables import Booking
from flows.appointments.calendar_entries import entry_of, latest_of
from flows.appointments.deps import Deps
from flows.appointments.draw.releases import check_turn, release_for, turn_opened
from flows.appointments.finding import Asked, asked_of, booking_of, bookings_of, own_booking, service_of
from flows.appointments.icalendar import written
from flows.appointments.persons import person_by_number, person_of
from flows.appointments.waitlist.confirming import confirm
from flows.appointments.waitlist.entries import entry_id_of
from schema.appointment_companions import NamedAppointments
from schema.appointment_notices import AppointmentNotices
from schema.appointment_rights import AppointmentRights, Right, priority_hold
from schema.appointment_waitlist import AppointmentWaits
from schema.appointments import Moving, check_level, check_year, moved_from
from schema.caller import about, acting, caller, token_of
from schema.context import Context, Info
from schema.errors import ArgumentRefusedError
from schema.scalars import DateTimeText, check_first, line, moment, text
from schema.ways_in import uuid

POLICIES = {
    "Query.myAppointments": SIGNED_IN,
    "MyAppointments": SIGNED_IN,
    "MyAppointment": PUBLIC,  # whoever has one was just given it
    "AppointmentDetails": PUBLIC,
    "AppointmentHold": PUBLIC,
    "Mutation.holdAppointment": SIGNED_IN,
    "Mutation.releaseAppointment": SIGNED_IN,
    "Mutation.confirmAppointment": SIGNED_IN,
    "Mutation.moveAppointment": SIGNED_IN,
    "Mutation.cancelAppointment": SIGNED_IN,
}

_HOLDS = Limit("appointment holds", 60, 600)
_CONFIRMS = Limit("appointment confirmations", 30, 600)
_MOST_TEXT = 2000

Turn = Annotated[str, strawberry.argument(description="What `appointmentDraw` gave, where a day is released by lot.")]
HoldText = Annotated[str, strawberry.argument(description="What `holdAppointment` gave.")]
Companions = Annotated[
    list[str], strawberry.argument(description="The ID numbers of those who come with the resident, if more than one.")
]


@strawberry.type(name="AppointmentHold", description="A time that is kept for the resident, who confirms it by then.")
class HoldShown:
    """A hold."""

    hold: str = strawberry.field(description="To send to `confirmAppointment`. It is this resident's alone.")
    service: strawberry.ID
    office: strawberry.ID
    starts_at: DateTimeText
    ends_at: DateTimeText
    expires_at: DateTimeText
    is_kept: bool = strawberry.field(description="False: nothing can be kept now; whoever confirms first has it.")


@strawberry.type(name="AppointmentDetails", description="What an appointment is of, and where, in words.")
class DetailsShown:
    """Its service and office, also where nothing is booked any more."""

    service_zh: str
    service_en: str
    documents: list[str] = strawberry.field(description="What to bring.")
    office_zh: str
    office_en: str
    address_zh: str
    address_en: str
    time_zone: str
    change_until: DateTimeText = strawberry.field(description="Until then it can be moved or cancelled.")


@strawberry.type(name="MyAppointment", description="An appointment of the resident who asks.")
class AppointmentShown:
    """A booking."""

    id: strawberry.ID
    code: str = strawberry.field(description="What to say at a counter or on the telephone.")
    service: strawberry.ID
    office: strawberry.ID
    starts_at: DateTimeText
    ends_at: DateTimeText
    people: int
    state: str
    replaces: strawberry.ID | None = strawberry.field(description="The one that was moved to this.")

    @strawberry.field(description="Its service and office in words.")  # type: ignore[untyped-decorator]  # strawberry's
    async def details(self, info: Info) -> DetailsShown:
        async with info.context.platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            of = await asked_of(session, row)
        return DetailsShown(
            service_zh=of.service.name_zh,
            service_en=of.service.name_en,
            documents=of.service.documents,
            office_zh=of.office.name_zh,
            office_en=of.office.name_en,
            address_zh=of.office.address_zh,
            address_en=of.office.address_en,
            time_zone=of.office.time_zone,
            change_until=text(row.starts_at - timedelta(minutes=of.service.cancel_minutes)),
        )

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="For their calendar, as iCalendar (RFC 5545). Its UID stays when it is moved; of what is cancelled "
        "it takes the entry back."
    )
    async def icalendar(self, info: Info) -> str:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            row = await latest_of(session, await booking_of(session, UUID(self.id)))
            return written(entry_of(await asked_of(session, row), row, platform.environment.issuer))


def shown_booking(row: Booking) -> AppointmentShown:
    """Return a booking as its resident sees it."""
    return AppointmentShown(
        id=strawberry.ID(str(row.id)),
        code=row.code,
        service=strawberry.ID(row.service),
        office=strawberry.ID(row.office),
        starts_at=text(row.starts_at),
        ends_at=text(row.ends_at),
        people=row.people,
        state=row.state,
        replaces=strawberry.ID(str(row.replaces)) if row.replaces else None,
    )


@strawberry.type(name="MyAppointments", description="What the resident who asks has booked.")
class MyAppointments(AppointmentNotices, AppointmentRights, AppointmentWaits, NamedAppointments):
    """The fields read in a snapshot each."""

    @strawberry.field(description="The latest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def bookings(self, info: Info, first: int = 10) -> list[AppointmentShown]:
        check_first(first)
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [shown_booking(each) for each in await bookings_of(session, owner.account_id, first)]

    @strawberry.field(description="One of them.")  # type: ignore[untyped-decorator]  # strawberry's
    async def booking(self, info: Info, id: strawberry.ID) -> AppointmentShown | None:  # noqa: A002 - the graph's name
        wanted = uuid(id, "id")
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return shown_booking(await own_booking(session, owner.account_id, wanted))


@strawberry.type
class MyAppointmentQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The appointments of the resident who asks.")  # type: ignore[untyped-decorator]  # strawberry's
    def my_appointments(self) -> MyAppointments | None:
        return MyAppointments()


@strawberry.type
class AppointmentMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Keep a time for some minutes; what the resident has held before is given back by it. "
        "`APPOINTMENT_TAKEN` names the next free ones in `extensions.nextFree`."
    )
    async def hold_appointment(  # noqa: PLR0913, PLR0917 - GraphQL names them
        self,
        info: Info,
        service: str,
        office: str,
        starts_at: str,
        people: int = 1,
        turn: Turn = "",
        moving: Moving = None,
        right: Right = None,
    ) -> HoldShown | None:
        context, at = info.context, moment(starts_at, "startsAt")
        check_year(at, "startsAt")
        await _limited(context, _HOLDS)
        desk = context.platform.appointments
        of = await desk.offered.asked(line(service, "service"), line(office, "office"), people)
        check_level(context, of.service.level)
        if right is not None and moving is not None:
            raise ArgumentRefusedError("What is moved needs no right", fix="Send moving or right.")
        by = None if right is None else uuid(right, "right")
        made = await priority_hold(context, of, at, by) if by is not None else None
        if made is None:
            await _check_turn(context, of, at, turn)
            if moving is not None:
                async with context.platform.database.snapshot() as session:
                    of = await moved_from(session, context, of, moving)
            made = await holding.hold(desk, token_of(context).sub, of, at, by)
        return HoldShown(
            hold=holding.sealed(desk.cipher, made),
            service=strawberry.ID(made.service),
            office=strawberry.ID(made.office),
            starts_at=text(made.starts_at),
            ends_at=text(made.ends_at),
            expires_at=text(made.expires_at),
            is_kept=made.is_kept,
        )

    @strawberry.mutation(description="Give a hold back before its time is over.")  # type: ignore[untyped-decorator]  # strawberry's
    async def release_appointment(self, info: Info, hold: HoldText) -> bool | None:
        made = _opened(info.context, hold)
        if entry_id_of(made) is not None:
            raise ArgumentRefusedError("This is an offer of the waitlist", fix="Decline it with `leaveWaitlist`.")
        await holding.release(info.context.platform.appointments, made)
        return True

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Book what is held; the same hold again is the same appointment. Where another one stands "
        "against it, `APPOINTMENT_CLASH` names that in `extensions.clash`, and free times in `nextFree`."
    )
    async def confirm_appointment(
        self,
        info: Info,
        hold: HoldText,
        companions: Companions = [],  # noqa: B006 - GraphQL's default, never changed
    ) -> AppointmentShown | None:
        await _limited(info.context, _CONFIRMS)
        async with acting(info.context, "appointment.booked", "") as (session, owner):
            return await _confirmed(info.context, session, owner, (hold, companions))

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Move an appointment to what is held. If that fails, it stays as it is. Without "
        "`companions` those of before come along."
    )
    async def move_appointment(
        self,
        info: Info,
        appointment: strawberry.ID,
        hold: HoldText,
        companions: Companions = [],  # noqa: B006 - as above
    ) -> AppointmentShown | None:
        wanted = uuid(appointment, "appointment")
        await _limited(info.context, _CONFIRMS)
        async with acting(info.context, "appointment.moved", "") as (session, owner):
            former = await own_booking(session, owner.account_id, wanted, lock=True)
            return await _confirmed(info.context, session, owner, (hold, companions), former)

    @strawberry.mutation(description="Cancel an appointment, up to its service's `cancelMinutes` before.")  # type: ignore[untyped-decorator]  # strawberry's
    async def cancel_appointment(self, info: Info, appointment: strawberry.ID) -> AppointmentShown | None:
        wanted = uuid(appointment, "appointment")
        async with acting(info.context, "appointment.cancelled", f"booking:{wanted}") as (session, owner):
            row = await own_booking(session, owner.account_id, wanted, lock=True)
            if row.state != "cancelled":
                await ending.cancel(
                    Deps(session, info.context.platform.environment.clock), row, f"account:{owner.account_id}"
                )
            return shown_booking(row)


async def _confirmed(
    context: Context, session: AsyncSession, owner: Session, said: tuple[str, list[str]], former: Booking | None = None
) -> AppointmentShown:
    desk, keys, made = context.platform.appointments, context.platform.environment.keys, _opened(context, said[0])
    check_level(context, (await service_of(session, made.service)).level)
    if len(said[1]) >= made.people and said[1]:
        raise ArgumentRefusedError(f"{made.people} people come, the resident included", fix="Name the others alone.")
    persons = [await person_of(session, owner.account_id)]
    persons += [await person_by_number(session, keys, each) for each in said[1]]
    row = await confirm(desk, session, made, Comer(f"account:{owner.account_id}", owner.account_id, persons), former)
    about(session, f"booking:{row.id}")
    return shown_booking(row)


async def _check_turn(context: Context, of: Asked, at: datetime, turn: str) -> None:
    """Refuse whoever comes before their turn where a day is released by lot. Raises DrawRefusedError."""
    desk, release = context.platform.appointments, release_for(of, at)
    now = desk.clock.now()
    if of.service.draw_seconds and now >= release.opens_at:  # earlier than that it is not bookable at all
        rank = turn_opened(desk.cipher, token_of(context).sub, release.id, line(turn, "turn")[:_MOST_TEXT])
        check_turn(await desk.offered.drawn(release), rank, now)


def _opened(context: Context, given: str) -> holding.Hold:
    cipher, holder = context.platform.appointments.cipher, token_of(context).sub
    return holding.opened(cipher, holder, line(given, "hold")[:_MOST_TEXT])


async def _limited(context: Context, limit: Limit) -> None:
    """Count a try; while Redis is away nobody is held back: the database still gives each place once."""
    await attempt_if_counted(context.platform.environment.redis, limit, token_of(context).sub)
