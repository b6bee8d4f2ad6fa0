"""The draw of a release: joining it in its first seconds, and what came of it. ``yiwang draw verify`` recomputes it."""

from typing import Annotated

import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt_if_counted
from flows.appointments.draw.ranking import commitment_of
from flows.appointments.draw.releases import Release, join, joined, release_for, seed_of, turn_sealed
from flows.appointments.errors import UnknownDrawError
from flows.appointments.finding import Asked
from schema.appointments import check_level, day_of
from schema.caller import acting, caller, noting, token_of
from schema.context import Info
from schema.scalars import DateTimeText, line, text

POLICIES = {
    "Query.appointmentDraw": SIGNED_IN,
    "AppointmentDraw": PUBLIC,  # whoever has one was just given it
    "Mutation.joinAppointmentDraw": SIGNED_IN,
}

_JOINS = Limit("appointment draws", 20, 600)

Day = Annotated[str, strawberry.argument(description="The day that is released, such as 2027-01-01.")]


@strawberry.type(name="AppointmentDraw", description="Who comes first where a day is released by lot.")
class DrawShown:
    """A draw as one resident sees it."""

    release: strawberry.ID = strawberry.field(
        description="`/appointments/draws/{release}` has all of it, for everybody."
    )
    opens_at: DateTimeText
    closes_at: DateTimeText = strawberry.field(description="Who joins until then has the same chance as everybody.")
    commitment: str = strawberry.field(description="The SHA-256 of the seed, which is public after the draw.")
    entry: str | None = strawberry.field(description="Theirs: the receipt, to look for among those that are public.")
    entries: int | None = strawberry.field(description="How many have joined, once it is drawn.")
    rank: int | None
    admitted_at: DateTimeText | None = strawberry.field(description="When they may hold a time of that day.")
    turn: str | None = strawberry.field(description="To send along with `holdAppointment`.")


@strawberry.type
class DrawQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The draw of a service's day at an office, and how the resident fares in it.")  # type: ignore[untyped-decorator]  # strawberry's
    async def appointment_draw(self, info: Info, service: str, office: str, day: Day) -> DrawShown | None:
        release = await _release(info, service, office, day)
        platform, holder = info.context.platform, token_of(info.context).sub
        keys = platform.environment.keys
        drawn = await platform.appointments.offered.drawn(release)
        async with platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            mine = await joined(session, keys, release.id, owner.account_id)
        rank = mine.rank if mine else None
        return DrawShown(
            release=strawberry.ID(release.id),
            opens_at=text(release.opens_at),
            closes_at=text(release.closes_at),
            commitment=commitment_of(seed_of(keys, release.id)),
            entry=mine.id if mine else None,
            entries=drawn.entries,
            rank=rank,
            admitted_at=_admitted_at(drawn, rank),
            turn=turn_sealed(keys.cipher, holder, release.id, rank) if rank else None,
        )


@strawberry.type
class DrawMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Join the draw of a day in the seconds after its release; once, however often it is sent. Returns "
        "the entry's id: the receipt."
    )
    async def join_appointment_draw(self, info: Info, service: str, office: str, day: Day) -> str | None:
        release = await _release(info, service, office, day)
        environment = info.context.platform.environment
        await attempt_if_counted(environment.redis, _JOINS, token_of(info.context).sub)
        async with acting(info.context, "appointment_draw.joined", "") as (session, owner):
            noting(session, release=release.id)
            return await join(session, environment.clock, environment.keys, release, owner.account_id)


async def _release(info: Info, service: str, office: str, day: str) -> Release:
    """Return the release of a day that is drawn, for whom the service is. Raises UnknownDrawError."""
    desk = info.context.platform.appointments
    of: Asked = await desk.offered.asked(line(service, "service"), line(office, "office"))
    if not of.service.draw_seconds:
        raise UnknownDrawError(f"Days of {of.service.code} are not drawn", fix="`holdAppointment` right away.")
    check_level(info.context, of.service.level)
    return release_for(of, of.hours_of(day_of(day))[0])


def _admitted_at(drawn: Release, rank: int | None) -> DateTimeText | None:
    if drawn.entries is None:
        return None
    return text(drawn.admitted_at(rank) if rank else drawn.free_at)
