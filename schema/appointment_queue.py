"""How a resident stands in an office's hall, as the graph shows it."""

from uuid import UUID

import strawberry

from auth.policies import PUBLIC
from flows.appointments.finding import booking_of
from flows.appointments.hall.position import Position, position_of
from schema.context import Info
from schema.scalars import DateTimeText, text

POLICIES = {"AppointmentQueue": PUBLIC}  # whoever has one was just given it


@strawberry.type(name="AppointmentQueue", description="Where the resident stands in the hall of an office.")
class QueueShown:
    """A position."""

    state: str = strawberry.field(
        description="`ticket`, `checked_in` or `requeued`: waiting; `called`: go to `counter` now; `serving`; "
        "`missed`: check in again within half an hour; `done`, `left`, `no_show`. Before they come, the appointment's."
    )
    number: str | None = strawberry.field(description="As it is shown and called, such as A001.")
    service: strawberry.ID | None = strawberry.field(description="What they wait for: they may have been sent on.")
    position: int | None = strawberry.field(description="1: the next. While they wait.")
    ahead: int | None = strawberry.field(description="So many a counter for them may call before, of whatever service.")
    wait_low: int | None = strawberry.field(description="They wait for about so many seconds at least,")
    wait_high: int | None = strawberry.field(description="and at most. Null while no counter is open for them.")
    wait_error: int | None = strawberry.field(
        description="How far the last estimates were off on average, in seconds. Null before there was one."
    )
    counter: str | None = strawberry.field(description="Where to go.")
    calls: int = strawberry.field(description="How often they were called; after three calls they are missed.")
    called_at: DateTimeText | None


@strawberry.type
class Queued:
    """The part of ``MyAppointment`` that this file is for."""

    id: strawberry.ID

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Where they stand in the hall; null before they have come. `appointmentQueue` tells of each change."
    )
    async def queue(self, info: Info) -> QueueShown | None:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            found = await position_of(session, platform.environment.clock, row)
            return shown_queue(found) if found.number else None


def shown_queue(found: Position) -> QueueShown:
    """Return where somebody stands as they see it."""
    wait = found.wait
    return QueueShown(
        state=found.state,
        number=found.number or None,
        service=strawberry.ID(found.service) if found.service else None,
        position=None if found.ahead is None else found.ahead + 1,
        ahead=found.ahead,
        wait_low=wait.low if wait else None,
        wait_high=wait.high if wait else None,
        wait_error=wait.error if wait else None,
        counter=found.counter,
        calls=found.calls,
        called_at=text(found.called_at) if found.called_at else None,
    )
