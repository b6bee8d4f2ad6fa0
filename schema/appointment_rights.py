"""``myAppointments { rebookRights }``: what the resident may book before others, for the office has cancelled it."""

from typing import Annotated
from uuid import UUID

import strawberry

from auth.policies import PUBLIC
from flows.appointments.deps import Deps
from flows.appointments.right_tables import BookingRight
from flows.appointments.rights import check, rights_of
from schema.caller import caller
from schema.context import Context, Info
from schema.scalars import DateTimeText, text

POLICIES = {"AppointmentRight": PUBLIC}  # whoever has one was just given it

Right = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="One of `myAppointments { rebookRights }`: a place of the channel `priority` if there is one, and "
        "neither other appointments of the service nor missed ones stand against it."
    ),
]


@strawberry.type(
    name="AppointmentRight", description="A right to book a service once before others, for its office has cancelled."
)
class RightShown:
    """A right."""

    id: strawberry.ID = strawberry.field(description="To send to `holdAppointment`.")
    service: strawberry.ID
    until: DateTimeText
    appointment: strawberry.ID = strawberry.field(description="The one that was cancelled.")


@strawberry.type
class AppointmentRights:
    """The part of ``MyAppointments`` that this file is for."""

    @strawberry.field(description="Their rights to book again before others, the first to end first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def rebook_rights(self, info: Info) -> list[RightShown]:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            found = await rights_of(Deps(session, platform.environment.clock), owner.account_id)
        return [_shown(each) for each in found]


async def check_right(context: Context, right: UUID, service: str) -> None:
    """Refuse whoever may not use a right for a service. Raises RightRefusedError."""
    platform = context.platform
    async with platform.database.snapshot() as session:
        owner = await caller(session, context)
        await check(Deps(session, platform.environment.clock), owner.account_id, right, service)


def _shown(row: BookingRight) -> RightShown:
    return RightShown(
        id=strawberry.ID(str(row.id)),
        service=strawberry.ID(row.service),
        until=text(row.until),
        appointment=strawberry.ID(str(row.from_booking)),
    )
