"""``myPickups``: what lies ready for the resident who asks, and the code that it is handed out against."""

import strawberry

from auth.accounts.accounts import account_of
from auth.policies import PUBLIC
from flows.pickups.notice_tables import PickupNotice
from flows.pickups.notices import WORDS, notices_of
from flows.pickups.pickups import code_of, pickups_of, state_of, title_of
from flows.pickups.tables import Pickup
from kernel.crypto.keys import Keys
from schema.caller import caller
from schema.context import Info
from schema.scalars import DateTimeText, check_first, text
from supergraph.slice import Access

POLICIES = {
    "Query.myPickups": Access("L3"),  # what somebody is prescribed is of their health (PIPL 28)
    "MyPickup": PUBLIC,  # whoever has one was just given it
    "MyPickupNotice": PUBLIC,  # as above
}


@strawberry.type(name="MyPickupNotice", description="What the resident was told of a pick-up, or could not be.")
class NoticeShown:
    """A notice."""

    kind: str = strawberry.field(description="ready.")
    text_zh: str = strawberry.field(description="What it says; a host's message has the office and `until` beside it.")
    text_en: str
    at: DateTimeText
    state: str = strawberry.field(description="waiting, told (in a host app or by SMS), untold, or needless: too late.")


@strawberry.type(name="MyPickup", description="Something that lies ready for the resident who asks.")
class PickupShown:
    """A pick-up."""

    id: strawberry.ID
    office: strawberry.ID = strawberry.field(description="Where it lies.")
    issuer: strawberry.ID = strawberry.field(description="The office that has filed it.")
    title: str
    until: DateTimeText
    state: str = strawberry.field(description="ready, used, withdrawn or expired.")
    ended_at: DateTimeText | None = strawberry.field(description="When it was handed out, or withdrawn.")
    notice: NoticeShown | None = strawberry.field(description="What they were told when it was filed.")
    code: str | None = strawberry.field(description="While it is ready: to draw as a QR code, or to be typed there.")


@strawberry.type
class PickupQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="What was filed for the resident by their ID number, also before they had an account; the latest "
        "first."
    )
    async def my_pickups(self, info: Info, first: int = 10) -> list[PickupShown] | None:
        check_first(first)
        environment = info.context.platform.environment
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            account = await account_of(session, owner.account_id)
            rows = await pickups_of(session, account.id_number_index, first)
            told = await notices_of(session, [each.id for each in rows])
        now = environment.clock.now()
        return [_shown(environment.keys, each, state_of(each, now), told.get(each.id)) for each in rows]


def _shown(keys: Keys, row: Pickup, state: str, notice: PickupNotice | None) -> PickupShown:
    return PickupShown(
        id=strawberry.ID(str(row.id)),
        office=strawberry.ID(row.office),
        issuer=strawberry.ID(row.issuer),
        title=title_of(keys, row),
        until=text(row.until),
        state=state,
        ended_at=text(row.ended_at) if row.ended_at else None,
        notice=_shown_notice(notice) if notice is not None else None,
        code=code_of(keys, row) if state == "ready" else None,
    )


def _shown_notice(row: PickupNotice) -> NoticeShown:
    words = WORDS[row.kind]
    return NoticeShown(kind=row.kind, text_zh=words.zh, text_en=words.en, at=text(row.at), state=row.state)
