"""What residents do about appointments: hold a time, confirm, move and cancel."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Annotated

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt_if_counted
from flows.appointments import ending, holding
from flows.appointments.booking import Comer
from flows.appointments.booking_tables import Booking
from flows.appointments.cases.past import app
from flows.appointments.deps import Deps
from flows.appointments.draw.releases import check_turn, release_for, turn_opened
from flows.appointments.finding import Asked, own_booking, service_of
from flows.appointments.waitlist.confirming import confirm
from flows.appointments.waitlist.entries import entry_id_of
from schema.appointment_case import Answers, comer_of
from schema.appointment_rights import Right, check_right
from schema.appointments import Moving, check_level, check_year, moved_from
from schema.caller import about, acting, token_of
from schema.context import Context, Info
from schema.errors import ArgumentRefusedError
from schema.my_appointments import AppointmentShown, shown_booking
from schema.scalars import DateTimeText, line, moment, text
from schema.ways_in import uuid

POLICIES = {
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
        if by is not None:
            await check_right(context, by, of.service.code)
        made = await holding.hold_by_right(desk, token_of(context).sub, of, at, by)
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
        answers: Answers = [],  # noqa: B006 - as above
    ) -> AppointmentShown | None:
        await _limited(info.context, _CONFIRMS)
        async with _turn(info.context, hold), acting(info.context, "appointment.booked", "") as (session, owner):
            comer = await comer_of(info.context, session, owner, companions, answers)
            return await _confirmed(info.context, session, comer, hold)

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
        async with _turn(info.context, hold), acting(info.context, "appointment.moved", "") as (session, owner):
            former = await own_booking(session, owner.account_id, wanted, lock=True)
            comer = await comer_of(info.context, session, owner, companions)
            return await _confirmed(info.context, session, comer, hold, former)

    @strawberry.mutation(description="Cancel an appointment, up to its service's `cancelMinutes` before.")  # type: ignore[untyped-decorator]  # strawberry's
    async def cancel_appointment(self, info: Info, appointment: strawberry.ID) -> AppointmentShown | None:
        wanted = uuid(appointment, "appointment")
        async with acting(info.context, "appointment.cancelled", f"booking:{wanted}") as (session, owner):
            row = await own_booking(session, owner.account_id, wanted, lock=True)
            if row.state != "cancelled":
                deps = Deps(session, info.context.platform.environment.clock)
                await ending.cancel(deps, row, f"account:{owner.account_id}", door=app(owner.channel))
            return shown_booking(row)


def _turn(context: Context, hold: str) -> AbstractAsyncContextManager[None]:
    return holding.turn(context.platform.appointments, _opened(context, hold))


async def _confirmed(
    context: Context, session: AsyncSession, comer: Comer, hold: str, former: Booking | None = None
) -> AppointmentShown:
    desk, made = context.platform.appointments, _opened(context, hold)
    check_level(context, (await service_of(session, made.service)).level)
    if len(comer.persons) > made.people:
        raise ArgumentRefusedError(f"{made.people} people come, the resident included", fix="Name the others alone.")
    row = await confirm(desk, session, made, comer, former)
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
