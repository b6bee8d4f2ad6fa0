"""The waitlist: joining it, leaving it, and what is offered there; that is confirmed as any hold."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt_if_counted
from flows.appointments import holding
from flows.appointments.deps import Deps
from flows.appointments.finding import service_of
from flows.appointments.office_file import Hours, span_of
from flows.appointments.waitlist import joining
from flows.appointments.waitlist.entries import ahead_of, entries_of, entry_of, offer_of
from flows.appointments.waitlist.joining import Wish
from flows.appointments.waitlist.tables import WaitlistEntry
from flows.appointments.waitlist.wishes import Window
from schema.appointments import People, check_level, day_of
from schema.caller import about, acting, caller, token_of
from schema.context import Info
from schema.errors import ArgumentRefusedError
from schema.scalars import DateTimeText, check_first, line, text
from schema.ways_in import uuid

POLICIES = {
    "MyWaitlistEntry": PUBLIC,  # whoever has one was just given it
    "AppointmentOffer": PUBLIC,
    "Mutation.joinWaitlist": SIGNED_IN,
    "Mutation.leaveWaitlist": SIGNED_IN,
}

_JOINS = Limit("appointment waitlists", 20, 600)


@strawberry.input(name="WaitlistWindow", description="Days and hours within which an appointment would do.")
class WindowGiven:
    """A window."""

    first_day: str = strawberry.field(description="YYYY-MM-DD, as the office counts.")
    last_day: str
    hours: str = strawberry.field(description="From when to when it may last, such as 09:00-12:00.")
    weekdays: list[str] = strawberry.field(default_factory=list, description="Of these alone: mon to sun. None: any.")


@strawberry.type(name="AppointmentOffer", description="A time that came back, kept for this resident until it expires.")
class OfferShown:
    """An offer."""

    hold: str = strawberry.field(description="To send to `confirmAppointment`. It is this resident's alone.")
    office: strawberry.ID
    starts_at: DateTimeText
    ends_at: DateTimeText
    expires_at: DateTimeText


@strawberry.type(name="MyWaitlistEntry", description="What the resident who asks waits for.")
class EntryShown:
    """An entry."""

    id: strawberry.ID
    service: strawberry.ID
    offices: list[strawberry.ID]
    people: int
    state: str = strawberry.field(description="waitlisted, offered, confirmed, lapsed or left.")
    joined_at: DateTimeText
    until: DateTimeText = strawberry.field(description="When the last of its days is over, and it lapses.")
    appointment: strawberry.ID | None = strawberry.field(description="What became of it.")

    @strawberry.field(description="How many wait there for the same service and come first; null: it waits no more.")  # type: ignore[untyped-decorator]  # strawberry's
    async def ahead(self, info: Info) -> int | None:
        async with info.context.platform.database.snapshot() as session:
            row = await entry_of(session, UUID(self.id))
            return await ahead_of(session, row) if row.state == "waitlisted" else None

    @strawberry.field(description="What is offered to them now.")  # type: ignore[untyped-decorator]  # strawberry's
    async def offer(self, info: Info) -> OfferShown | None:
        desk = info.context.platform.appointments
        async with info.context.platform.database.snapshot() as session:
            row = await entry_of(session, UUID(self.id))
        if row.state != "offered":
            return None
        made = offer_of(row, token_of(info.context).sub)
        if made.expires_at <= desk.clock.now():
            return None
        return OfferShown(
            hold=holding.sealed(desk.cipher, made),
            office=strawberry.ID(made.office),
            starts_at=text(made.starts_at),
            ends_at=text(made.ends_at),
            expires_at=text(made.expires_at),
        )


def shown_entry(row: WaitlistEntry) -> EntryShown:
    """Return an entry as its resident sees it."""
    return EntryShown(
        id=strawberry.ID(str(row.id)),
        service=strawberry.ID(row.service),
        offices=[strawberry.ID(each) for each in row.offices],
        people=row.people,
        state=row.state,
        joined_at=text(row.joined_at),
        until=text(row.until),
        appointment=strawberry.ID(str(row.booking_id)) if row.booking_id else None,
    )


@strawberry.type
class AppointmentWaits:
    """The part of ``MyAppointments`` that this file is for."""

    @strawberry.field(description="What the resident waits or has waited for, the latest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def waitlist(self, info: Info, first: int = 10) -> list[EntryShown]:
        check_first(first)
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [shown_entry(each) for each in await entries_of(session, owner.account_id, first)]


@strawberry.type
class WaitlistMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Wait for a service at one of some offices, the dearest first. What comes back within the windows "
        "is offered in the order of joining, to each for 15 minutes: `myAppointments { waitlist { offer } }`. To send "
        "the same again is the same entry. Where times are free within the windows, `APPOINTMENT_WAITLIST_NEEDLESS` "
        "names the next ones in `extensions.nextFree`, and their `office`: they are booked, not waited for."
    )
    async def join_waitlist(
        self, info: Info, service: str, offices: list[str], windows: list[WindowGiven], people: People = 1
    ) -> EntryShown | None:
        environment = info.context.platform.environment
        wish = Wish(line(service, "service"), [line(each, "offices") for each in offices], _windows(windows), people)
        await attempt_if_counted(environment.redis, _JOINS, token_of(info.context).sub)
        async with acting(info.context, "waitlist.joined", "") as (session, owner):
            check_level(info.context, (await service_of(session, wish.service, people)).level)
            row = await joining.join(Deps(session, environment.clock), owner.account_id, wish)
            about(session, f"waitlist_entry:{row.id}")
            return shown_entry(row)

    @strawberry.mutation(description="Wait no more; what is offered goes to the next.")  # type: ignore[untyped-decorator]  # strawberry's
    async def leave_waitlist(
        self, info: Info, entry: Annotated[strawberry.ID, strawberry.argument(description="Its `id`.")]
    ) -> EntryShown | None:
        wanted = uuid(entry, "entry")
        async with acting(info.context, "waitlist.left", f"waitlist_entry:{wanted}") as (session, owner):
            deps = Deps(session, info.context.platform.environment.clock)
            return shown_entry(await joining.leave(deps, owner.account_id, wanted))


def _windows(given: Sequence[WindowGiven]) -> list[Window]:
    windows = []
    for each in given:
        try:
            span = span_of(msgspec.convert(each.hours, Hours))
        except msgspec.ValidationError as error:
            raise ArgumentRefusedError("hours are none", fix="Write hours such as 09:00-12:00.") from error
        first, last = day_of(each.first_day), day_of(each.last_day)
        windows.append(Window(first, last, span.begin, span.end, tuple(each.weekdays)))
    return windows
