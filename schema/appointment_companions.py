"""Appointments of others that name the resident: ``myAppointments { companionOf }`` and ``leaveAppointment``."""

import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.leaving import leave, naming
from schema.appointment_details import Detailed
from schema.appointment_queue import Queued
from schema.caller import acting, caller
from schema.context import Info
from schema.scalars import DateTimeText, text
from schema.ways_in import uuid

POLICIES = {"NamedAppointment": PUBLIC, "Mutation.leaveAppointment": SIGNED_IN}  # whoever has one was just given it


@strawberry.type(name="NamedAppointment", description="An appointment of somebody else's that names the resident.")
class NamedShown(Queued, Detailed):
    """A booking, as a companion sees it."""

    service: strawberry.ID
    office: strawberry.ID
    starts_at: DateTimeText
    ends_at: DateTimeText
    people: int
    state: str


@strawberry.type
class NamedAppointments:
    """The part of ``MyAppointments`` that this file is for."""

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Appointments to come of others that name the resident: at their time they have none of their own."
    )
    async def companion_of(self, info: Info) -> list[NamedShown]:
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [_shown(each) for each in await naming(session, owner.account_id)]


@strawberry.type
class CompanionMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Leave an appointment of somebody else's that names the resident; whoever made it is told."
    )
    async def leave_appointment(self, info: Info, appointment: strawberry.ID) -> bool | None:
        wanted = uuid(appointment, "appointment")
        async with acting(info.context, "appointment.left", f"booking:{wanted}") as (session, owner):
            await leave(Deps(session, info.context.platform.environment.clock), owner.account_id, wanted)
        return True


def _shown(row: Booking) -> NamedShown:
    return NamedShown(
        id=strawberry.ID(str(row.id)),
        service=strawberry.ID(row.service),
        office=strawberry.ID(row.office),
        starts_at=text(row.starts_at),
        ends_at=text(row.ends_at),
        people=row.people,
        state=row.state,
    )
