"""Residents in an office's hall: check in by its sticker, take a ticket, leave, and watch how the line moves."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from time import monotonic
from typing import Annotated
from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import SIGNED_IN
from auth.residents.attempts import Limit, attempt_if_counted
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownServiceError
from flows.appointments.finding import booking_of, own_booking
from flows.appointments.hall.arriving import WalkIn, check_in, take_ticket
from flows.appointments.hall.line import line_of
from flows.appointments.hall.position import Position, position_of
from flows.appointments.hall.reading import visit_of
from flows.appointments.hall.requeueing import leave
from flows.appointments.hall.scanning import office_scanned
from flows.appointments.leaving import coming_to
from flows.codes.distance import position_of as position_said
from flows.codes.places import base_url, standing
from kernel.watching import Changes
from schema.appointment_queue import QueueShown, shown_queue
from schema.caller import about, acting, caller, token_of
from schema.context import Context, Info, Platform
from schema.my_appointments import AppointmentShown, shown_booking
from schema.places import scan_text
from schema.scalars import line
from schema.ways_in import uuid

POLICIES = {
    "Mutation.checkInAppointment": SIGNED_IN,
    "Mutation.takeTicket": SIGNED_IN,
    "Mutation.leaveQueue": SIGNED_IN,
    "Subscription.appointmentQueue": SIGNED_IN,
}

_SCANS = Limit("hall scans", 30, 600)
_LOOK_SECONDS = 30.0  # however little happens: whoever was signed out elsewhere is found

PlaceCode = Annotated[str, strawberry.argument(description="What the scanner has read of the sticker in the hall.")]
Degrees = Annotated[
    float | None,
    strawberry.argument(
        description="Where the phone is, WGS 84: within 150 m, unless the sticker hangs nobody knows where."
    ),
]


@strawberry.type
class HallMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Say that one has come, from 30 minutes before to 10 after; without `appointment` to the nearest "
        "one there today. Whoever has missed their calls is put into the line again by it, once."
    )
    async def check_in_appointment(
        self,
        info: Info,
        place_code: PlaceCode,
        appointment: strawberry.ID | None = None,
        latitude: Degrees = None,
        longitude: Degrees = None,
    ) -> AppointmentShown | None:
        context, wanted = info.context, uuid(appointment, "appointment") if appointment else None
        await _limited(context)
        async with acting(context, "appointment.checked_in", "") as (session, owner):
            office = await _office(context, session, place_code, (latitude, longitude))
            deps, who = Deps(session, context.platform.environment.clock), owner.account_id
            if wanted is None:
                row = await visit_of(session, deps.clock, (await line_of(session, deps.clock, office)).office, who)
            else:
                row = await own_booking(session, who, wanted)
            about(session, f"booking:{row.id}")
            await check_in(deps, row, "place_code", office, f"account:{who}")
            return shown_booking(row)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Take a ticket for a service without an appointment, in the hall. Whoever waits for it already "
        "gets the same one again."
    )
    async def take_ticket(
        self, info: Info, place_code: PlaceCode, service: str, latitude: Degrees = None, longitude: Degrees = None
    ) -> AppointmentShown | None:
        context = info.context
        await _limited(context)
        async with acting(context, "appointment.ticket_taken", "") as (session, owner):
            office = await _office(context, session, place_code, (latitude, longitude))
            walk_in = WalkIn(service=line(service, "service"), account_id=owner.account_id)
            deps = Deps(session, context.platform.environment.clock)
            ticket = await take_ticket(deps, office, walk_in, f"account:{owner.account_id}")
            about(session, f"booking:{ticket.booking_id}")
            return shown_booking(await booking_of(session, ticket.booking_id))

    @strawberry.mutation(description="Leave the line of a hall: somebody else is called instead.")  # type: ignore[untyped-decorator]  # strawberry's
    async def leave_queue(self, info: Info, appointment: strawberry.ID) -> AppointmentShown | None:
        wanted = uuid(appointment, "appointment")
        async with acting(info.context, "appointment.left", f"booking:{wanted}") as (session, owner):
            row = await own_booking(session, owner.account_id, wanted)
            deps = Deps(session, info.context.platform.environment.clock)
            await leave(deps, row.id, f"account:{owner.account_id}")
            return shown_booking(row)


@strawberry.type
class HallSubscriptions:
    """The part of ``Subscription`` that this file is for."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]  # strawberry's
        description="Where they stand in the hall, at once and whenever that changes, a wait by a whole minute, until "
        "their visit is over. Whoever comes along to somebody else's appointment may watch it, too."
    )
    async def appointment_queue(self, info: Info, appointment: strawberry.ID) -> AsyncGenerator[QueueShown, None]:
        context, wanted, known = info.context, uuid(appointment, "appointment"), None
        found, office = await _looked_up(context, wanted)
        looked_at = monotonic()
        async with context.platform.halls.changes_of(office) as changes:
            while True:
                if found.content != known:
                    known = found.content
                    yield shown_queue(found)
                if found.is_over:
                    return
                await changes.wait(_LOOK_SECONDS)
                there = await _in_hall(context.platform, office, changes, wanted)
                has_gone = there is None and found.number
                if has_gone or monotonic() >= looked_at + _LOOK_SECONDS:
                    found, looked_at = (await _looked_up(context, wanted))[0], monotonic()
                elif there is not None:
                    found = there


async def _looked_up(context: Context, booking_id: UUID) -> tuple[Position, str]:
    """Return where the caller stands with a booking of theirs, and at which office. Raises UnknownBookingError."""
    async with context.platform.database.snapshot() as session:
        row = await coming_to(session, (await caller(session, context)).account_id, booking_id)
        return await position_of(session, context.platform.environment.clock, row), row.office


async def _in_hall(platform: Platform, office: str, changes: Changes, booking_id: UUID) -> Position | None:
    """Return where somebody stands in a hall, as it was read for all; None outside, and of one that is closed."""
    with suppress(UnknownServiceError):
        hall = await platform.halls_read.read(office, changes.version, _LOOK_SECONDS)
        return hall.position_of(booking_id)
    return None


async def _office(
    context: Context, session: AsyncSession, scanned: str, where: tuple[float | None, float | None]
) -> str:
    environment = context.platform.environment
    base, place = base_url(environment.settings, environment.issuer), position_said(*where)
    return office_scanned(await standing(session, environment.keys.cipher, scan_text(scanned), place, base=base))


async def _limited(context: Context) -> None:
    await attempt_if_counted(context.platform.environment.redis, _SCANS, token_of(context).sub)
