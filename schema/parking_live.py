"""``Subscription.parkingSession``: a session as it stands, now and whenever it or its fee changes, until it is over.

Each event is the whole state, so whoever connects again has lost nothing. Who asks is looked at again each time, and
at least twice a minute: a session that was ended elsewhere ends what it watches.
"""

from collections.abc import AsyncGenerator
from datetime import datetime

import strawberry

from auth.policies import SIGNED_IN
from flows.parking.ownership import session_held
from flows.parking.viewing import View, view
from schema.caller import caller
from schema.context import Info
from schema.parking import SessionShown, deps_of, shown_session
from schema.ways_in import uuid

POLICIES = {"Subscription.parkingSession": SIGNED_IN}

_LOOK_SECONDS = 30.0  # however little happens


@strawberry.type
class ParkingSubscriptions:
    """The part of ``Subscription`` that this file is for."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]  # strawberry's
        description="One of their sessions, at once and whenever it or its fee changes, until it is over."
    )
    async def parking_session(self, info: Info, id: strawberry.ID) -> AsyncGenerator[SessionShown, None]:  # noqa: A002 - the graph's name
        platform, wanted, known = info.context.platform, uuid(id, "id"), None
        while True:
            async with platform.watch.changes_of(wanted) as changes:
                while True:
                    async with platform.database.snapshot() as session:
                        owner = await caller(session, info.context)
                        deps = deps_of(info.context, session)
                        found = await view(deps, await session_held(deps, owner.account_id, wanted))
                    if found.content != known:
                        known = found.content
                        yield shown_session(found)
                    if found.is_over:
                        return
                    if found.row.id != wanted:  # a late event has joined it to another: watch that one
                        wanted = found.row.id
                        break
                    await changes.wait(_patience(found, platform.environment.clock.now()))


def _patience(found: View, now: datetime) -> float:
    """Return the seconds until there may be something new by itself: the fee rises, or the time to leave ends."""
    moments = [each for each in (found.next_raise_at, found.paid_until) if each is not None]
    left = [(each - now).total_seconds() + 0.05 for each in moments]
    return max(0.05, min([_LOOK_SECONDS, *left]))
