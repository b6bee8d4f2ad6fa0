"""``myAppointments { notices }``: what the resident was told of appointments, or could not be."""

import strawberry

from auth.policies import PUBLIC
from flows.appointments.notice_tables import AppointmentNotice
from flows.notices.writing import notices_of
from schema.caller import caller
from schema.context import Info
from schema.scalars import DateTimeText, check_first, text

POLICIES = {"MyAppointmentNotice": PUBLIC}  # whoever has one was just given it


@strawberry.type(name="MyAppointmentNotice", description="What the resident was told, or could not be.")
class NoticeShown:
    """A notice."""

    id: strawberry.ID
    kind: str = strawberry.field(
        description="reminder, conflict, kept, office_cancelled, companion, companion_left, moved, cancelled, offer or "
        "called."
    )
    appointment: strawberry.ID = strawberry.field(description="Of an offer: the entry of the waitlist.")
    service: strawberry.ID
    office: strawberry.ID
    starts_at: DateTimeText
    reason: str = strawberry.field(description="Why the office has cancelled it; empty of what else is told.")
    at: DateTimeText
    state: str = strawberry.field(description="waiting, told (in a host app or by SMS), untold, or needless: too late.")


@strawberry.type
class AppointmentNotices:
    """The part of ``MyAppointments`` that this file is for."""

    @strawberry.field(description="What they are told of appointments, the latest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def notices(self, info: Info, first: int = 10) -> list[NoticeShown]:
        check_first(first)
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [_shown(each) for each in await notices_of(session, AppointmentNotice, owner.account_id, first)]


def _shown(row: AppointmentNotice) -> NoticeShown:
    return NoticeShown(
        id=strawberry.ID(str(row.id)),
        kind=row.kind,
        appointment=strawberry.ID(str(row.about)),
        service=strawberry.ID(row.service),
        office=strawberry.ID(row.office),
        starts_at=text(row.starts_at),
        reason=row.details.get("reason", ""),
        at=text(row.at),
        state=row.state,
    )
